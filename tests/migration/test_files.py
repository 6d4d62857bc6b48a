"""Files: what is not rewritten stays byte for byte, and the exit status tells what there is to do."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from condadeps.errors import UsageError
from condadeps.migration.document import Edit, InvalidNotebook, Notebook
from condadeps.migration.migrate import migrate
from tests.migration.books import book, sources

OLD = "import ipydeps\nipydeps.pip(['numpy'])\n"
NEW = "%load_ext condadeps\n%condadeps numpy\n"


@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_everything_else_stays_byte_for_byte(
    tmp_path: Path, indent: int | str | None, ascii_only: bool
) -> None:
    document = json.loads(book("print('café 😀')\n" + OLD + "x = '\\\\/'", "y = 1"))
    document["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "%pip install no"})
    document["zebra"], document["metadata"] = {"z": [1, 2.50, None]}, {"odd": "é", "a": {}}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only).replace("café", "caf\\u00e9")
    path = tmp_path / "a.ipynb"
    path.write_bytes(text.encode())
    assert migrate([path]).exit_code == 0
    after = path.read_bytes().decode()
    expected = text
    for old, new in zip(OLD.splitlines(), NEW.splitlines(), strict=True):
        expected = expected.replace(json.dumps(old + "\n"), json.dumps(new + "\n"))
    assert after == expected and "caf\\u00e9" in after


def test_sources_in_one_string_carriage_returns_and_marks_are_kept(tmp_path: Path) -> None:
    document = json.loads(book("x"))
    document["cells"][0]["source"] = OLD.replace("\n", "\r\n")
    text = "\ufeff" + json.dumps(document).replace("\\r\\n", "\\u000d\\n")
    path = tmp_path / "a.ipynb"
    path.write_bytes(text.encode())
    migrate([path])
    after = path.read_bytes().decode()
    assert after.startswith("\ufeff") and "\\u000d\\n" in after
    assert json.loads(after[1:])["cells"][0]["source"] == NEW.replace("\n", "\r\n")


def test_any_edit_of_any_source_changes_nothing_else() -> None:
    random.seed(7)
    text = book("import x\ncafé 😀 'q\"\n\nz", "a", "", "one\n")
    notebook = Notebook.read(text)
    for _ in range(400):
        source = random.choice(notebook.sources[:2])
        start = random.randint(0, len(source.text))
        end = random.randint(start, len(source.text))
        new = random.choice(["", "x", "p\nq", "p\n", "é\n\n"])
        after = notebook.with_edits([(source, [Edit(start, end, new)])])
        assert sources(after)[source.number - 1] == source.text[:start] + new + source.text[end:]
        assert after.startswith(text[: source.start]) and after.endswith(text[source.end :])


def test_the_old_format_with_worksheets_is_understood(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": ["!pip install numpy"], "language": "python"}]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}))
    migrate([path])
    after = json.loads(path.read_text())["worksheets"][0]["cells"][0]["input"]
    assert "".join(after) == "%load_ext condadeps\n%condadeps numpy"


def test_notebooks_of_other_languages_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(book("!pip install x", kernelspec={"language": "R", "name": "ir"}))
    assert migrate([path]).files == ()


@pytest.mark.parametrize(
    "text", ["", "pip", '["pip"]', '{"pip": 1}', '{"cells": 3, "x": "pip"}', '{"cells": [pip}']
)
def test_what_is_no_notebook_is_told_and_the_rest_is_done(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.ipynb").write_text(text or "pip")
    (tmp_path / "good.ipynb").write_text(book(OLD))
    report = migrate([tmp_path])
    assert report.exit_code == 2 and sources((tmp_path / "good.ipynb").read_text()) == [NEW]
    with pytest.raises(InvalidNotebook):
        Notebook.read(text)


def test_check_and_diff_write_nothing_and_say_by_their_status_that_there_is_work(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(book(OLD))
    before = path.read_bytes()
    assert migrate([path], check=True).exit_code == 1
    shown = migrate([path], diff=True)
    assert shown.exit_code == 1 and path.read_bytes() == before
    assert '-    "import ipydeps\\n",\n' in str(shown) and '+    "%condadeps numpy\\n"' in str(shown)
    assert migrate([path]).exit_code == 0
    assert migrate([path], check=True).exit_code == 0


def test_a_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    cells = [f"x = {number}\n" for number in range(40)]
    path.write_text(book(*cells[:20], OLD, *cells[20:], "!pip install six"))
    patch = str(migrate(["a.ipynb"], diff=True, directory=tmp_path)).rpartition("\na.ipynb: ")[0] + "\n"
    done = subprocess.run(["git", "apply", "-p0"], input=patch, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert migrate([path], check=True).exit_code == 0


def test_links_and_permissions_stay_and_checkpoints_are_not_touched(tmp_path: Path) -> None:
    real, link = tmp_path / "real.ipynb", tmp_path / "folder" / "link.ipynb"
    checkpoint = tmp_path / "folder" / ".ipynb_checkpoints" / "a.ipynb"
    checkpoint.parent.mkdir(parents=True)
    for path in (real, checkpoint):
        path.write_text(book(OLD))
    real.chmod(0o640)
    link.symlink_to(real)
    migrate([tmp_path / "folder"])
    assert link.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sources(real.read_text()) == [NEW] and sources(checkpoint.read_text()) == [OLD]
    assert sorted(os.listdir(tmp_path)) == ["folder", "real.ipynb"]  # noqa: PTH208 (names only)


def test_a_path_that_is_not_there_is_a_wrong_word(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        migrate([tmp_path / "none.ipynb"])


@pytest.mark.slow
def test_the_command_is_fit_for_a_pre_commit_hook(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text(book(OLD, "ipydeps.pip(x)"))

    def run(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "condadeps", "migrate", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout

    status, told = run("--check", "a.ipynb")
    assert status == 1 and "1 place to rewrite" in told and "cell 2, line 1: left as it is" in told
    status, told = run("--check", "--json", "a.ipynb")
    document = json.loads(told)
    assert status == 1 and not document["success"] and document["files"][0]["left"][0]["cell"] == 2
    assert run("-q", "a.ipynb") == (0, "")
    assert run("--check", "a.ipynb")[0] == 0
    assert run()[0] == 2 and run("none.ipynb")[0] == 2


@pytest.mark.slow
def test_a_thousand_notebooks_are_checked_in_seconds(tmp_path: Path) -> None:
    picture = json.dumps("iVBOR" * 8000)
    cells = [f"x{number} = {number}\nprint(x{number})\n" for number in range(20)]
    text = book("import ipydeps\nipydeps.pip(['numpy'])\n", *cells).replace(
        '"outputs": []',
        f'"outputs": [{{"output_type": "display_data", "data": {{"image/png": {picture}}}}}]',
        1,
    )
    for number in range(1000):
        (tmp_path / f"{number}.ipynb").write_text(text)
    started = time.process_time()
    report = migrate([tmp_path], check=True)
    assert report.seen == 1000 and len(report.files) == 1000
    assert time.process_time() - started < 15
