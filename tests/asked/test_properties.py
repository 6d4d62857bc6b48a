"""What holds for every text, whoever typed it."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st
from rattler import MatchSpec as EngineSpec

from condadeps.asked import matchspec
from condadeps.asked.job import Asked
from condadeps.asked.parse import lines, parse, split
from condadeps.asked.request import Bare, Project, Spec
from condadeps.errors import RequestError

_names = st.from_regex(r"[a-z][a-z0-9]{0,6}([-_.][a-z0-9]{1,4})?", fullmatch=True)
_versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|b|rc|\.dev|\.post)[0-9])?", fullmatch=True)
_comparisons = st.tuples(st.sampled_from(["==", ">=", "<=", "<", ">", "!="]), _versions).map("".join)
_clauses = st.lists(_comparisons, max_size=3).map(",".join)
_grammar = st.text(alphabet="ab1.=<>!~,|*[]()'\" :;@#-_+/", max_size=30)


@given(st.text(max_size=60), st.booleans(), st.booleans())
def test_any_text_is_a_request_or_a_request_error(text: str, metadata: bool, editable: bool) -> None:
    try:
        parse(Asked(text, metadata=metadata, editable=editable))
    except RequestError as error:
        assert error.message


@given(_names, _grammar, st.booleans())
def test_anything_after_a_name_is_read_or_refused_within_the_text(
    name: str, rest: str, metadata: bool
) -> None:
    text = name + rest
    try:
        parse(Asked(text, metadata=metadata))
    except RequestError as error:
        position = error.data["position"]
        assert position is None or 0 <= position <= len(text)


@given(_names, _clauses)
def test_a_name_with_comparisons_means_the_same_bare_or_as_a_project(name: str, clauses: str) -> None:
    bare, project = parse(Asked(name + clauses)), parse(Asked(name + clauses, metadata=True))
    assert isinstance(bare, Bare)
    assert isinstance(project, Project)
    assert bare.specifier == project.requirement.specifier
    assert parse(Asked(f"{bare.name}{bare.specifier}")).specifier == bare.specifier  # type: ignore[union-attr]


@given(_names, _grammar)
def test_what_is_read_as_a_conda_spec_the_engine_reads_too(name: str, rest: str) -> None:
    try:
        spec = matchspec.read(name + rest)
    except matchspec.InvalidMatchSpec:
        return
    engine = EngineSpec(spec.text, strict=False)
    assert engine.name is not None
    assert engine.name.normalized == spec.name


@given(_names, _grammar)
def test_a_conda_spec_reads_the_same_from_each_of_its_spellings(name: str, rest: str) -> None:
    try:
        spec = matchspec.read(name + rest)
    except matchspec.InvalidMatchSpec:
        return
    assert matchspec.read(spec.text) == spec
    assert (
        matchspec.read(
            f"{spec.channel}::{spec.name}{spec.constraint}"
            if spec.channel
            else (f"{spec.name}{spec.constraint}")
        )
        == spec
    )
    request = parse(Asked(f"conda:{spec.text}"))
    assert isinstance(request, Spec)
    assert request.spec == spec.text


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="'", exclude_categories=["Cs"]))))
def test_quoted_words_come_back_whole(words: list[str]) -> None:
    assert split(" ".join(f"'{word}'" for word in words)) == words


@given(st.text(alphabet="ab '\"#=><", max_size=20))
def test_words_without_backslashes_are_a_shells_words(line: str) -> None:
    try:
        expected = shlex.split(line, comments=False)
    except ValueError:
        expected = None
    try:
        words = split(line)
    except RequestError:
        words = None
    if "#" not in line:
        assert words == expected


@given(st.text())
def test_any_cell_is_lines_or_a_request_error(cell: str) -> None:
    try:
        found = lines(cell)
    except RequestError:
        return
    assert all(asked.line and asked.line >= 2 for asked in found)
