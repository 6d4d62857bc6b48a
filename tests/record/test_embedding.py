"""A notebook can carry its environment, and all the rest of the file stays as it is, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from condadeps import verbs
from condadeps.arguments import read
from condadeps.errors import ConfigError, RequestError
from condadeps.record import embedding
from condadeps.record.embedding import Embedded
from tests.locks.conftest import road  # noqa: F401  (a fixture)
from tests.locks.test_rebuild import call, changed, contents
from tests.transaction.road import Road

CELL: dict[str, Any] = {"cell_type": "code", "source": ["print('é')\n", "1"], "metadata": {}, "outputs": []}
DOCUMENT = {
    "cells": [CELL],
    "metadata": {"kernelspec": {"name": "python3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
BARE = {**DOCUMENT, "metadata": {}}

TEXTS = {
    "as Jupyter writes it": json.dumps(DOCUMENT, indent=1, ensure_ascii=False) + "\n",
    "four spaces, escaped, no line end": json.dumps(DOCUMENT, indent=4),
    "on one line": json.dumps(DOCUMENT),
    "no metadata": json.dumps(BARE, indent=1),
    "no metadata, on one line": json.dumps(BARE),
    "Windows line ends": json.dumps(DOCUMENT, indent=1).replace("\n", "\r\n"),
    "metadata first": json.dumps({"metadata": {"a": {"condadeps": 1}}, "cells": [CELL]}, indent=2),
}
CARRIED = Embedded("name: env\ndependencies: [six]\n", "version: 1\n")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_what_is_written_in_can_be_taken_out_without_a_trace(text: str) -> None:
    written = embedding._with(text, CARRIED.to_json())
    document, before = json.loads(written), json.loads(text)
    assert document["metadata"].pop("condadeps") == CARRIED.to_json()
    assert document == before
    again = embedding._with(written, Embedded("other").to_json())
    assert json.loads(again)["metadata"]["condadeps"] == {"version": 1, "environment": "other"}
    stripped = embedding._without(again)
    assert json.loads(stripped) == before
    if before["metadata"]:
        assert stripped == text


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"metadata": [], "cells": []}', '{"metadata": {}}'])
def test_what_is_no_notebook_is_refused_and_stays(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(RequestError, match="not a notebook"):
        verbs.carry_out(read(["strip", str(path)]), (), tmp_path, None)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "told", [{"version": 2, "environment": ""}, {"version": 1}, {"version": 1, "environment": 3}]
)
def test_what_this_version_cannot_read_is_an_error(told: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({**DOCUMENT, "metadata": {"condadeps": told}}))
    with pytest.raises(RequestError, match="not read here"):
        embedding.read(path)


def test_a_secret_is_not_given_away(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(TEXTS["as Jupyter writes it"])
    (tmp_path / "environment.yml").write_text(
        "channels: ['https://me:secret@host/main']\ndependencies: [six]\n"
    )
    with pytest.raises(RequestError, match="password or token"):
        verbs.carry_out(read(["embed", "--no-lock", str(path)]), (), tmp_path, None)
    assert path.read_text() == TEXTS["as Jupyter writes it"]


def test_why_there_is_no_lock_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(TEXTS["as Jupyter writes it"])
    (tmp_path / "environment.yml").write_text("dependencies: [six]\n")
    for words, why in (([], "is not a conda environment (-p DIR names one)"), (["--no-lock"], "--no-lock")):
        done = verbs.carry_out(read(["embed", *words, "-p", str(tmp_path), str(path)]), (), tmp_path, None)
        assert "carries its environment, and no lock: " in str(done[0]) and why in str(done[0])  # type: ignore[index]


@pytest.mark.slow
def test_a_shared_notebook_rebuilds_its_environment(road: Road) -> None:  # noqa: F811
    notebook = road.work / "shared.ipynb"
    notebook.write_text(TEXTS["as Jupyter writes it"])
    road.install("app", "six=1.0", "tool==1.0")
    (done,) = verbs.carry_out(read(["embed", "-p", str(road.prefix), "shared.ipynb"]), (), road.work, None)  # type: ignore[misc, attr-defined]
    assert "its environment and its lock" in str(done)
    carried = embedding.read(notebook)
    assert carried and carried.environment == road.file.read_text()

    call("create", "-p", road.root / "again", "--bare", "-f", notebook)
    assert contents(road.root / "again") == contents(road.prefix)

    road.install("six=2.0", record=False)
    asked = call("install", "-p", road.prefix, "-f", notebook, "--no-record")
    # Of a living environment what was asked for is asked again: the file has pip.
    assert changed(asked) == {"+six 1.0", "+pip 1.0"}

    verbs.carry_out(read(["strip", "shared.ipynb"]), (), road.work, None)
    assert notebook.read_text() == TEXTS["as Jupyter writes it"]


@pytest.mark.slow
def test_a_notebook_is_locked_anew_by_its_file_and_bundled_by_its_lock(road: Road) -> None:  # noqa: F811
    notebook = road.work / "shared.ipynb"
    notebook.write_text(TEXTS["as Jupyter writes it"])
    road.install("app", "six=1.0")
    verbs.carry_out(read(["embed", "-p", str(road.prefix), "shared.ipynb"]), (), road.work, None)
    road.file.unlink()
    made = verbs.carry_out(read(["lock", "-f", "shared.ipynb"]), (), road.work, None)
    assert "name: app" in made.text and "name: pip" not in made.text  # type: ignore[attr-defined]
    road.install("six=2.0", record=False)
    verbs.carry_out(read(["bundle", "-f", "shared.ipynb", "-o", "bundle"]), (), road.work, None)
    assert (road.work / "bundle" / "noarch" / "six-1.0-py_0.conda").exists()
    assert not (road.work / "bundle" / "noarch" / "six-2.0-py_0.conda").exists()


@pytest.mark.slow
def test_a_notebook_may_not_say_where_things_come_from(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    notebook = road.work / "shared.ipynb"
    notebook.write_text(TEXTS["as Jupyter writes it"])
    road.install("app")
    for lock in ([], ["--no-lock"]):
        with monkeypatch.context() as here:
            verbs.carry_out(
                read(["embed", "-p", str(road.prefix), "shared.ipynb", *lock]), (), road.work, None
            )
            here.setenv("CONDA_CHANNELS", (road.root / "elsewhere").as_uri())
            (road.root / "elsewhere" / "noarch").mkdir(parents=True, exist_ok=True)
            (road.root / "elsewhere" / "noarch" / "repodata.json").write_text('{"packages": {}}')
            with pytest.raises(ConfigError, match="names the channel"):
                call("create", "-p", road.root / "refused", "--bare", "-f", notebook)
            call("create", "-p", road.root / f"trusted{len(lock)}", "--bare", "--trust", "-f", notebook)
