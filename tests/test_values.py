"""The quick dataclasses are the standard library's in all that anybody can see."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import pytest

from condadeps import values


def by(dataclass: Any) -> Any:
    """A new frozen class made by ``dataclass``."""

    @dataclass(frozen=True, slots=True)
    class Point:
        """A frozen one."""

        x: int
        y: int = 0
        note: str = field(default="", compare=False, repr=False)
        tags: tuple[str, ...] = field(default_factory=lambda: ("plain",))
        here: bool = field(default=True, kw_only=True)
        found: dict[str, int] = field(default_factory=dict, hash=False)
        made: int = field(default=1, init=False)

        def __str__(self) -> str:
            return f"{self.x}|{self.y}"

    return Point


@values.dataclass(frozen=True, slots=True)
class Point:
    """A frozen one that can be found by its name."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.x}|{self.y}"


@values.dataclass
class Counted:
    """One that changes."""

    names: list[str] = field(default_factory=list)
    total: int = field(init=False)
    seen: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.total = len(self.names)


@values.dataclass(frozen=True)
class Kept:
    """One whose properties are kept, with a hash of its own."""

    number: int
    calls: list[int] = field(default_factory=list, compare=False)

    @cached_property
    def double(self) -> int:
        """Twice the number."""
        self.calls.append(self.number)
        return 2 * self.number

    def __hash__(self) -> int:
        return 7


@values.dataclass(frozen=True, slots=True, eq=False)
class Single:
    """Equal to nothing but itself."""

    number: int


CALLS: list[tuple[tuple[Any, ...], Mapping[str, Any]]] = [
    ((1,), {}),
    ((1, 2, "n", ("a",)), {"here": False}),
    ((), {"x": 1, "tags": ()}),
    ((), {}),
    ((1, 2, "n", (), False), {}),
    ((1,), {"z": 2}),
    ((1,), {"x": 2}),
    ((1,), {"made": 2}),
]


def seen(make: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> object:
    """What comes of a call: everything there is to see of the object, or that it is refused."""
    try:
        made = make(*given, **named)
    except TypeError:
        return TypeError
    return repr(made), str(made), hash(made), dataclasses.asdict(made), make.__match_args__


@pytest.mark.parametrize("earlier", [0, 20])
@pytest.mark.parametrize(("given", "named"), CALLS)
def test_what_is_made_looks_and_is_refused_as_the_standard_librarys(
    given: tuple[Any, ...], named: Mapping[str, Any], earlier: int
) -> None:
    ours = by(values.dataclass)
    for number in range(earlier):  # the first objects are made in another way than the rest
        ours(number)
    assert seen(ours, given, named) == seen(by(dataclasses.dataclass), given, named)


def test_equal_are_those_of_one_class_with_equal_fields() -> None:
    assert Point(1) == Point(1, note="not compared") and len({Point(1), Point(1)}) == 1
    assert Point(1) != Point(1, 2)
    assert Point(1).__eq__(by(values.dataclass)(1)) is NotImplemented
    assert Single(1) != Single(1)
    assert Kept(1) == Kept(1) and hash(Kept(1)) == 7
    assert Counted(["a"]) == Counted(["a"])
    with pytest.raises(TypeError):
        hash(Counted())


def test_a_frozen_one_cannot_be_changed_and_the_other_can() -> None:
    point, counted = Point(1), Counted(["a"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert point.x == 1 and not hasattr(point, "__dict__")
    counted.total = 5
    assert counted.total == 5


def test_replacing_copying_and_pickling_give_equal_ones() -> None:
    point = Point(1, 2)
    assert dataclasses.replace(point, y=3) == Point(1, 3)
    for again in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert again == point and again.note == point.note and str(again) == "1|2"
    assert copy.deepcopy(Kept(3)).double == 6


def test_a_pattern_takes_it_apart() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("no match")


def test_every_object_has_its_own_defaults_and_what_post_init_sets() -> None:
    one, other = Counted(), Counted(["a", "b"])
    one.names.append("c")
    one.seen["c"] = 1
    assert (other.names, other.seen, other.total) == (["a", "b"], {}, 2)
    assert Counted().names == []


def test_many_objects_are_as_the_first() -> None:
    assert [counted.total for counted in [Counted(["a"] * n) for n in range(30)]] == list(range(30))
    assert {Point(n % 3) for n in range(30)} == {Point(0), Point(1), Point(2)}


def test_a_kept_property_is_worked_out_once() -> None:
    kept = Kept(4)
    assert (kept.double, kept.double, kept.calls) == (8, 8, [4])


def test_a_subclass_is_made_as_its_parent_and_stays_another_class() -> None:
    class Special(Point):
        def __init__(self, x: int) -> None:
            super().__init__(x, 10)

    assert (Special(1).x, Special(2).y, Point(3).y) == (1, 10, 0)
    assert Special(1) != Point(1, 10)


def test_nothing_is_compiled_for_a_few_objects() -> None:
    program = (
        "import builtins, dataclasses\n"
        "from condadeps import values\n"
        "compiled = []\n"
        "true = builtins.exec\n"
        "def exec(text, *given):\n"
        "    if '__init__' in text: compiled.append(text)\n"
        "    true(text, *given)\n"
        "builtins.exec = exec\n"
        "@values.dataclass(frozen=True, slots=True)\n"
        "class One:\n"
        "    'Documented.'\n"
        "    a: int\n"
        "    b: int = 1\n"
        "repr(One(3)), One(1) == One(1), hash(One(1))\n"
        "before = len(compiled)\n"
        "[One(number) for number in range(100)]\n"
        "print(before, len(compiled))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]
