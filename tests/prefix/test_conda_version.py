"""Conda's versions, judged without the engine exactly as the engine judges them."""

from __future__ import annotations

import pytest
import rattler
from hypothesis import example, given, settings
from hypothesis import strategies as st

from condadeps.prefix.conda_version import CondaVersion, satisfies

NUMBERS = st.integers(0, 12).map(str)
WORDS = st.sampled_from(["a", "b", "rc", "dev", "post", "alpha", "g"])
COMPONENTS = st.one_of(
    NUMBERS, st.tuples(NUMBERS, WORDS, NUMBERS).map("".join), st.tuples(WORDS, NUMBERS).map("".join)
)
RELEASES = st.tuples(NUMBERS, st.lists(COMPONENTS, max_size=3)).map(
    lambda parts: ".".join([parts[0], *parts[1]])
)
VERSIONS = st.tuples(
    st.sampled_from(["", "", "", "1!"]),
    RELEASES,
    st.sampled_from(["", "", "", "+cu118", "+abc.1", "_", "post1"]),
).map("".join)
OPERATORS = st.sampled_from(["", "=", "==", "!=", ">=", "<=", ">", "<", "~="])
CLAUSES = st.tuples(OPERATORS, RELEASES).map("".join) | RELEASES.map("{}.*".format)
SPECS = st.lists(CLAUSES, min_size=1, max_size=3).map(",".join) | st.lists(
    CLAUSES, min_size=1, max_size=2
).map("|".join)


@given(VERSIONS, VERSIONS)
@settings(max_examples=4 * settings.default.max_examples)
@example("1.0.dev1", "1.0a1")
@example("1.0+abc", "1.0")
@example("1.0", "1.0.0")
@example("1.1.1_", "1.1.1a")
def test_versions_are_ordered_as_the_engine_orders_them(one: str, other: str) -> None:
    ours = (CondaVersion(one) < CondaVersion(other), CondaVersion(one) == CondaVersion(other))
    theirs = (rattler.Version(one) < rattler.Version(other), rattler.Version(one) == rattler.Version(other))
    assert ours == theirs


@given(VERSIONS, SPECS)
@settings(max_examples=6 * settings.default.max_examples)
@example("1.2.3", "=1.2")
@example("1.2", "=1.2.0")
@example("1.20", "=1.2")
@example("2.0rc1", ">=2.0")
@example("1.4.5", "~=1.4.2")
@example("2", "!=2.*")
def test_what_is_said_of_a_spec_is_what_the_engine_says_of_it(version: str, spec: str) -> None:
    told = satisfies(version, spec)
    if told is not None:
        assert told == rattler.VersionSpec(spec).matches(rattler.Version(version)), (version, spec)


@pytest.mark.parametrize(
    ("version", "spec"),
    [
        ("3.12.4", "3.12.*"),
        ("3.12.4", "=3.12"),
        ("2.1.0", ">=2,<3"),
        ("2.1.0", "1.*|>=2"),
        ("9e", "9e"),
        ("2024a", ">=2023c"),
        ("1.26.4", "==1.26.4"),
        ("1.0", "*"),
        ("0.13.2", "~=0.13.0"),
    ],
)
def test_common_specs_are_certain(version: str, spec: str) -> None:
    assert satisfies(version, spec) is True


@pytest.mark.parametrize("spec", ["^1.2$", "(>=1,<2)|3", ">=1.*", "1.2*", "", "1..2"])
def test_what_cannot_be_judged_surely_is_not_judged(spec: str) -> None:
    assert satisfies("1.2.3", spec) is None
