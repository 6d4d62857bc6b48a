"""What forbids a change says so, in its owner's words, before anything is touched."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock  # noqa: F401 (before the fork)
import pytest

from condadeps.errors import FrozenError, PrefixError, SpaceError
from condadeps.prefix import guards, lock, own, target
from tests.prefix import made


def test_pins_are_read_one_a_line_without_comments(tmp_path: Path) -> None:
    made.conda(tmp_path)
    assert guards.pinned(tmp_path) == ()
    (tmp_path / "conda-meta/pinned").write_text("# ours\nnumpy <2\n\npython 3.11.*  # the lab's\n")
    assert guards.pinned(tmp_path) == ("numpy <2", "python 3.11.*")


def test_pins_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    made.conda(tmp_path)
    (tmp_path / "conda-meta/pinned").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PrefixError, match="pinned"):
        guards.pinned(tmp_path)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("", ()),
        ("{}", ()),
        ('{"message": "Ask ops.\\nThey rebuild it nightly."}', ("Ask ops.", "They rebuild it nightly.")),
        ("no json at all", ("no json at all",)),
    ],
)
def test_a_frozen_environment_refuses_with_its_message(
    tmp_path: Path, content: str, detail: tuple[str, ...]
) -> None:
    at = made.conda(tmp_path)
    guards.check(at)
    (tmp_path / "conda-meta/frozen").write_text(content)
    with pytest.raises(FrozenError) as raised:
        guards.check(at)
    assert raised.value.detail == detail
    guards.check(at, override_frozen=True)


MARKER = "[externally-managed]\nError=To install, use apt:\n apt install python3-xyz 100%\n"


def test_an_externally_managed_python_refuses_with_its_message(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    (at.stdlib / "EXTERNALLY-MANAGED").write_text(MARKER)
    with pytest.raises(FrozenError) as raised:
        guards.check(at)
    assert raised.value.detail == ("To install, use apt:", "apt install python3-xyz 100%")


def test_condas_part_of_a_change_is_not_pips_to_forbid(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    (at.stdlib / "EXTERNALLY-MANAGED").write_text(MARKER)
    guards.check(at, pip=False)


def test_a_virtual_environment_of_a_managed_python_is_its_owners(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    (at.stdlib / "EXTERNALLY-MANAGED").write_text("")
    guards.check(replace(at, is_conda=False, is_venv=True))


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that everybody can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_read_only_environment_is_named_with_the_directory(open_place: Path) -> None:
    at = made.conda(open_place / "env")
    error = _refusal(open_place, lambda: guards.check(at))
    assert error["message"] == f"the environment {at.prefix} is read-only for you"
    assert error["data"] == {"prefix": str(at.prefix), "directory": str(at.prefix)}


@pytest.mark.parametrize("changed_before", [False, True])
def test_a_read_only_environment_cannot_be_locked_either(open_place: Path, changed_before: bool) -> None:
    at = made.conda(open_place / "env")
    if changed_before:  # by its owner, whose lock lies there
        with lock.hold(at.prefix, 0):
            pass
        (own.directory(at.prefix) / "lock").chmod(0o444)

    def hold() -> None:
        with lock.hold(at.prefix, 0):
            pass

    assert _refusal(open_place, hold)["message"] == f"the environment {at.prefix} is read-only for you"


def test_the_owner_of_a_frozen_environment_is_heard_where_it_is_read_only_too(open_place: Path) -> None:
    at = made.conda(open_place / "env")
    (at.prefix / "conda-meta" / "frozen").write_text('{"message": "Yours is /home/you/env."}')

    def hold() -> None:
        with lock.hold(at.prefix, 0):
            pass

    error = _refusal(open_place, hold)
    assert error["message"] == f"the environment {at.prefix} is read-only for you"
    assert "Yours is /home/you/env." in error["detail"]


def _refusal(directory: Path, call: Callable[[], None]) -> dict[str, Any]:
    """The PrefixError of ``call`` for somebody who may not write to ``directory/env``."""
    for path in (directory / "env", directory / "env/conda-meta"):
        path.chmod(0o555)
    reader, writer = os.pipe()
    child = os.fork()  # root may write anywhere, and its Python may be nobody else's to start
    if child == 0:
        with os.fdopen(writer, "w") as out:
            try:
                if os.getuid() == 0:
                    os.setuid(65534)
                call()
            except PrefixError as error:
                json.dump(error.to_json(), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        text = told.read()
    os.waitpid(child, 0)
    return json.loads(text)  # type: ignore[no-any-return]


def test_too_little_room_is_told_in_figures(tmp_path: Path) -> None:
    guards.space(tmp_path / "not" / "there" / "yet", 1)
    with pytest.raises(SpaceError) as raised:
        guards.space(tmp_path, 10**18)
    assert raised.value.data["needed"] == 10**18
    assert 0 < raised.value.data["free"] < 10**18
    assert "1000000 TB are needed" in raised.value.detail[0]


def test_this_environment_can_be_worked_on() -> None:
    if not target.running().is_venv:
        pytest.skip("not in an environment of one's own")
    guards.check(target.running())
