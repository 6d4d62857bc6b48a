"""What metadata lists is understood as if all of it were parsed, though little of it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from condadeps.prefix import requirements
from condadeps.prefix.target import running
from condadeps.solve.needs import Need, need, read

EXTRAS = ("all", "test-suite", "x")
MARKERS = running().markers

_quote = st.sampled_from(["'{}'", '"{}"'])
_extra = st.builds(
    lambda quote, name, equals: f"extra {equals} {quote.format(name)}",
    _quote,
    st.sampled_from([*EXTRAS, "Test_Suite", "other"]),
    st.sampled_from(["==", "!="]),
)
_bare = st.sampled_from(["extra=='x'", "'x' == extra", 'extra  ==  "all"', "'all' in extra"])
_other = st.sampled_from(
    [
        "python_version >= '3.8'",
        "python_version<'3'",
        "sys_platform == 'nowhere'",
        "platform_version != ' or ; extra == \"x\"'",
        "os_name not in 'nothing'",
    ]
)
_leaf = st.one_of(_extra, _bare, _other)
_markers = st.recursive(
    _leaf,
    lambda inner: st.builds(
        lambda one, joint, two, closed: f"({one}){joint}({two})" if closed else f"{one} {joint} {two}",
        inner,
        st.sampled_from(["and", "or"]),
        inner,
        st.booleans(),
    ),
    max_leaves=4,
)
_lines = st.builds(
    lambda name, specifier, space, marker: (
        f"{name}{specifier}{space}; {marker}" if marker else name + specifier
    ),
    st.sampled_from(["one", "Two.Three", "extra-large", "four[a,b]"]),
    st.sampled_from(["", ">=1,<2", " (>=1)", " @ https://host.invalid/a;b.whl"]),
    st.sampled_from([" ", "  "]),
    st.one_of(st.none(), _markers),
)


def _plainly(lines: list[str]) -> tuple[tuple[Need, ...], dict[str, tuple[Need, ...]]]:
    parsed = [Requirement(line) for line in lines]
    held = {
        extra: [one.marker is None or one.marker.evaluate({**MARKERS, "extra": extra}) for one in parsed]
        for extra in ("", *EXTRAS)
    }
    always = tuple(need(one) for one, holds in zip(parsed, held[""], strict=True) if holds)
    extras = {
        extra: tuple(
            need(one)
            for one, holds, before in zip(parsed, held[extra], held[""], strict=True)
            if holds and not before
        )
        for extra in EXTRAS
    }
    return always, extras


@given(st.lists(_lines, max_size=4))
def test_what_holds_is_what_holds_when_every_line_is_parsed(lines: list[str]) -> None:
    found = read(lines, EXTRAS, MARKERS)
    assert (found.always, dict(found.extras)) == _plainly(lines)


def test_of_five_thousand_lines_for_extras_none_is_parsed_unasked() -> None:
    lines = [f"project-{n} >=1.{n} ; python_version >= '3.8' and extra == 'x{n}'" for n in range(5000)]
    requirements.requirement.cache_clear()
    found = read(lines, [f"x{n}" for n in range(5000)], MARKERS)
    assert not found.always and requirements.requirement.cache_info().misses == 0
    assert [str(one) for one in found.extras["x7"]] == ["project-7 >=1.7"]


def test_what_cannot_be_parsed_is_left_out() -> None:
    found = read(["one", "?", "two ; extra == 'x'", "! ; extra == 'x'"], ["x"], MARKERS)
    assert [str(one) for one in (*found.always, *found.extras["x"])] == ["one", "two"]
