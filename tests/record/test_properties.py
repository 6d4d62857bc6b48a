"""What holds for every file and every request."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from condadeps.errors import RecordError
from condadeps.record import glance
from condadeps.record.constraints import admits, implies, settled
from condadeps.record.document import Document
from condadeps.record.environment import holds, write
from condadeps.solve.plan import Answer

_versions = st.from_regex(r"[0-3](\.[0-3]){0,2}", fullmatch=True)
_pip = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([">=", "<=", "<", ">", "==", "!="]), _versions).map("".join),
        _versions.map(lambda version: f"=={version}.*"),
        st.from_regex(r"~=[0-3]\.[0-3]", fullmatch=True),
    ),
    max_size=3,
).map(",".join)
_conda = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([">=", "<=", "<", ">", "==", "!=", "="]), _versions).map("".join),
        _versions.map(lambda version: f"{version}.*"),
    ),
    max_size=3,
).map(",".join)
_names = st.from_regex(r"[a-z]{2,6}", fullmatch=True)
_lines = st.one_of(
    st.sampled_from(
        ["name: demo", "channels:", "  - conda-forge", "dependencies:", "dependencies: [a]", "x: y"]
    ),
    st.sampled_from(["  - python=3.11", "  - numpy >=2  # why", "  - pip", "  - pip:", "      - rich==14"]),
    st.sampled_from(["    - rich", "- a", "", "# note", "  - 3.11", "  - 'q'", "  - {a: b}", "  - a: b"]),
    st.sampled_from(["  - *x", "  - a # b", "  - a#b", "  -"]),
)


@given(_pip, _pip, _versions)
def test_a_pip_constraint_that_implies_another_admits_no_more(narrow: str, wide: str, version: str) -> None:
    if implies(narrow, wide, "pip") and version in SpecifierSet(narrow):
        assert version in SpecifierSet(wide)


@given(_conda, _conda, _versions)
def test_a_conda_constraint_that_implies_another_admits_no_more(narrow: str, wide: str, version: str) -> None:
    if implies(narrow, wide, "conda") and admits(narrow, version, "conda"):
        assert admits(wide, version, "conda") is not False


@given(_pip, _pip, _versions)
def test_a_settled_pip_constraint_admits_what_is_there_and_asks_what_was_asked(
    line: str, asked: str, version: str
) -> None:
    if version not in SpecifierSet(asked):
        return
    after = SpecifierSet(settled(line, asked, version, "pip"))
    assert version in after
    for other in ("0.1", "1.0", "1.1", "2.0.1", "2.2", "3.3.3"):
        if Version(other) in after:
            assert other in SpecifierSet(asked)
            assert other in SpecifierSet(line) or version not in SpecifierSet(line)


@given(_conda, _conda, _versions)
def test_a_settled_conda_constraint_admits_what_is_there(line: str, asked: str, version: str) -> None:
    if admits(asked, version, "conda"):
        assert admits(settled(line, asked, version, "conda"), version, "conda") is not False


@given(st.lists(_lines, max_size=12).map("\n".join))
def test_a_glance_says_what_the_yaml_library_says(text: str) -> None:
    said = glance._plain(text)
    if said is not None:
        assert said == Document(text, Path("environment.yml")).sheet


@settings(max_examples=settings.default.max_examples * 3 // 5)
@given(
    st.one_of(st.lists(_lines, max_size=12).map("\n".join), st.text(max_size=40)),
    st.lists(
        st.tuples(_names, st.sampled_from(["conda", "pip"]), _versions), max_size=3, unique_by=lambda a: a[0]
    ),
)
def test_any_file_takes_the_lines_or_is_left_alone(text: str, asked: list[tuple[str, str, str]]) -> None:
    answers = [Answer(name, "cell", manager, name, version, "") for name, manager, version in asked]  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "environment.yml")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        before = path.read_bytes()
        try:
            told = write(path, environment="demo", python="3.11", channels=["c"], answers=answers, needed=[])
        except RecordError:
            assert path.read_bytes() == before
            return
        if told.declined:  # a name may run over lines and be another environment's
            assert path.read_bytes() == before
            return
        assert holds(path, answers)
        again = write(path, environment="demo", python="3.11", channels=["c"], answers=answers, needed=[])
        assert not again.changed
        kept = set(before.decode().splitlines()) - {"dependencies: [a]"}
        after = set(path.read_text().splitlines())
        gone = {line for line in kept - after if not line.strip().startswith("- ")}
        assert not gone
