"""Changes to files are made whole or taken back whole, wherever they were cut short. No rattler, no pip."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condadeps.transaction import changes
from condadeps.transaction.changes import Changes
from condadeps.transaction.checkpoints import Unchecked
from tests.transaction.world import listing


class Cut(Exception):
    """Where a change is cut short."""


class CutAt:
    def __init__(self, number: int) -> None:
        self.left = number

    def reached(self, point: str) -> None:
        if self.left == 0:
            raise Cut(point)
        self.left -= 1


def fill(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("->"):
            (folder / path).symlink_to(text[2:])
        else:
            (folder / path).write_text(text)
    folder.mkdir(exist_ok=True)
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {
        path: f"->{(folder / path).readlink()}"
        if (folder / path).is_symlink()
        else (folder / path).read_text()
        for path in changes.paths_in(folder)
    }


def clash(one: str, other: str) -> bool:
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


_NAMES = st.lists(st.sampled_from(["a", "b", "c.py"]), min_size=1, max_size=3).map("/".join)
_CONTENT = st.sampled_from(["", "one", "two", "->nowhere"])
_TREES = st.dictionaries(_NAMES, _CONTENT, max_size=6).map(
    lambda files: {
        path: text for path, text in files.items() if not any(other.startswith(f"{path}/") for other in files)
    }
)


@settings(max_examples=settings.default.max_examples * 3 // 2, suppress_health_check=[HealthCheck.too_slow])
@given(_TREES, _TREES, st.sets(_NAMES), st.integers(0, 14), st.booleans())
def test_a_change_cut_short_anywhere_is_taken_back(
    before: dict[str, str], after: dict[str, str], also_gone: set[str], cut: int, twice: bool
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        prefix, tree = fill(root / "prefix", before), fill(root / "tree", after)
        # A file in the way of a directory, or the other way round, is always one that leaves.
        clashing = {path for path in before for new in after if clash(path, new)}
        gone = (also_gone & set(before)) | clashing
        was = listing(prefix)
        made = changes.between(prefix, tree, gone)
        made = Changes.from_json({key: list(value) for key, value in made.to_json().items()})
        try:
            changes.make(prefix, tree, root / "kept", made, CutAt(cut))
        except Cut:
            changes.take_back(prefix, tree, root / "kept", made)
            if twice:
                changes.take_back(prefix, tree, root / "kept", made)
            assert listing(prefix) == was
        else:
            expected = {path: text for path, text in before.items() if path not in gone} | after
            assert texts(prefix) == expected
            changes.take_back(prefix, tree, root / "kept", made)
            assert listing(prefix) == was


def test_a_directory_that_is_new_is_one_step(tmp_path: Path) -> None:
    prefix = fill(tmp_path / "prefix", {"lib/there": ""})
    tree = fill(tmp_path / "tree", {"lib/new/one": "", "lib/new/deep/two": "", "lib/three": ""})
    assert changes.between(prefix, tree, ()).place == ("lib/new", "lib/three")


def test_what_is_replaced_is_there_at_every_moment(tmp_path: Path) -> None:
    prefix, tree = fill(tmp_path / "prefix", {"a": "old"}), fill(tmp_path / "tree", {"a": "new"})
    made = changes.between(prefix, tree, {"a"})
    kept = tmp_path / "kept"

    class Look:
        def reached(self, point: str) -> None:
            assert (prefix / "a").read_text() in ("old", "new")

    changes.make(prefix, tree, kept, made, Look())
    assert (prefix / "a").read_text() == "new"
    assert (kept / "0").read_text() == "old"


def test_bytecode_of_what_is_replaced_goes_too(tmp_path: Path) -> None:
    files = {"m/a.py": "1", "m/__pycache__/a.cpython-311.pyc": "1", "m/__pycache__/b.cpython-311.pyc": "b"}
    prefix, tree = fill(tmp_path / "prefix", files), fill(tmp_path / "tree", {"m/a.py": "2"})
    made = changes.between(prefix, tree, {"m/a.py"})
    assert made.remove == ("m/__pycache__/a.cpython-311.pyc",)
    changes.make(prefix, tree, tmp_path / "kept", made, Unchecked())
    assert set(texts(prefix)) == {"m/a.py", "m/__pycache__/b.cpython-311.pyc"}


def test_a_directory_somebody_else_uses_stays(tmp_path: Path) -> None:
    prefix = fill(tmp_path / "prefix", {"share/x/theirs": "", "share/x/ours": "", "share/y/ours": ""})
    made = changes.between(prefix, fill(tmp_path / "tree", {}), {"share/x/ours", "share/y/ours"})
    changes.make(prefix, tmp_path / "tree", tmp_path / "kept", made, Unchecked())
    assert set(listing(prefix)) == {"share", "share/x", "share/x/theirs"}


def test_the_other_names_of_a_hard_link_never_see_a_change(tmp_path: Path) -> None:
    prefix, tree = fill(tmp_path / "prefix", {"a": "old"}), fill(tmp_path / "tree", {"a": "new"})
    os.link(prefix / "a", tmp_path / "cached")
    made = changes.between(prefix, tree, {"a"})
    changes.make(prefix, tree, tmp_path / "kept", made, Unchecked())
    changes.take_back(prefix, tree, tmp_path / "kept", made)
    assert (tmp_path / "cached").samefile(prefix / "a")
    assert (tmp_path / "cached").read_text() == "old"


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    prefix, tree = fill(tmp_path / "prefix", {"a": "old", "b": "b"}), fill(tmp_path / "tree", {"a": "new"})
    was = listing(prefix)
    made = changes.between(prefix, tree, {"a", "b"})
    changes.make(prefix, tree, tmp_path / "kept", made, Unchecked())
    assert texts(prefix) == {"a": "new"}
    changes.take_back(prefix, tree, tmp_path / "kept", made)
    assert listing(prefix) == was
