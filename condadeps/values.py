"""The standard library's dataclasses, which here cost next to nothing until the first object is made.

Making one compiles up to six functions while its module is imported: half a millisecond of processor time a
class (a third of that since Python 3.13), and the first call in a kernel waited for sixty of them. What
:func:`dataclass` gives is a dataclass all the same: ``fields``, ``replace``, ``asdict``, ``match`` and type
checkers see no difference. Only the methods differ: ``__init__`` is compiled when there are some objects, and
the others are written once for all classes.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass"]

_T = TypeVar("_T")

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        cls: type[_T] | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True
    ) -> Any:
        """As ``dataclasses.dataclass``, without an order and without ``InitVar``."""

        def made(cls: type[_T]) -> type[_T]:
            plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            _add(plain, frozen=frozen, slots=slots, eq=eq)
            return plain

        return made if cls is None else made(cls)


def _add(cls: type[Any], *, frozen: bool, slots: bool, eq: bool) -> None:
    """Give ``cls`` the methods of a dataclass that it does not define itself."""
    methods: dict[str, Any] = {"__init__": _first_init(cls), "__repr__": _repr}
    if eq:
        compared = [one for one in dataclasses.fields(cls) if one.compare]
        methods["__eq__"] = _eq(_reader([one.name for one in compared]))
        hashed = _reader([one.name for one in compared if one.hash is not False])
        methods["__hash__"] = (lambda self: hash(hashed(self))) if frozen else None
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    if frozen and slots:  # copying and pickling would set the attributes
        methods |= {"__getstate__": _state, "__setstate__": _set_state}
    own = vars(cls)
    for name, method in methods.items():
        if own.get(name) is None:  # Python itself puts a __hash__ of None beside an __eq__
            setattr(cls, name, method)


_FEW = 8
"""So many objects of a class are filled field by field: few classes have more, and compiling takes longer."""


def _first_init(cls: type[Any]) -> Callable[..., None]:
    """The constructor of the first objects, which then has itself replaced by a compiled one."""
    left = _FEW

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        values = _values(cls, given, named) if left >= 0 else None
        if values is not None:
            for name, value in values.items():
                object.__setattr__(self, name, value)
            if hasattr(cls, "__post_init__"):
                self.__post_init__()
            return
        if cls.__init__ is __init__:
            cls.__init__ = _init(cls)
        cls.__init__(self, *given, **named)

    return __init__


_MISSING: Any = object()


def _values(cls: type[Any], given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any] | None:
    """The value of each field; None for arguments that are not right, which the compiled one is to tell."""
    every = dataclasses.fields(cls)
    positions = [one.name for one in every if one.init and not one.kw_only]
    told = dict(zip(positions, given, strict=False)) | named
    found: dict[str, Any] = {}
    for one in every:
        if one.init and one.name in told:
            found[one.name] = told.pop(one.name)
        elif one.default is not dataclasses.MISSING:
            found[one.name] = one.default
        elif one.default_factory is not dataclasses.MISSING:
            found[one.name] = one.default_factory()
        elif one.init:
            return None
    twice = not named.keys().isdisjoint(positions[: len(given)])
    return None if told or twice or len(given) > len(positions) else found


def _init(cls: type[Any]) -> Callable[..., None]:
    """The constructor of ``cls``, written as the standard library writes it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": _MISSING}
    parameters, named, body = ["self"], ["*"], []
    for one in dataclasses.fields(cls):
        name, value, default = one.name, one.name, ""
        if one.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = one.default
            default = value = f"_default_{name}"
        elif one.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = one.default_factory
            default, value = "_MISSING", f"_make_{name}()"
        if one.init:
            value = f"{value} if {name} is _MISSING else {name}" if default == "_MISSING" else name
            (named if one.kw_only else parameters).append(f"{name}={default}" if default else name)
        elif not default:
            continue  # __post_init__ sets it
        body.append(f"_set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    listed = ", ".join([*parameters, *(named if len(named) > 1 else [])])
    exec(f"def __init__({listed}):\n " + "\n ".join(body or ["pass"]), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _reader(names: list[str]) -> Callable[[Any], Any]:
    """What gives the values of the fields ``names``, to be compared."""
    return attrgetter(*names) if names else lambda _: ()


def _eq(values: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
    def __eq__(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
