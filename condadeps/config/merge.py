"""From what each place says to one set of settings: who counts, who weighs more, what is final.

The rules: a weightier place's value replaces a lighter one's, lists and tables join; a place without
the say over a setting is not obeyed, and that is told; nothing overrides what the site made final
(a stricter value, where there is such a thing, overrides nothing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from condadeps.asked.credentials import masked
from condadeps.config.kinds import NotYoursError, Spot
from condadeps.config.places import Scope
from condadeps.config.settings import GROUPS, PREFIX, SETTINGS, Setting
from condadeps.errors import ConfigError
from condadeps.values import dataclass

FINAL = "final"
"""The key of a site's file that lists the settings nobody below may override."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written."""

    scope: Scope
    place: str
    """A file, a variable, or "the call"."""
    line: int | None = None

    def __str__(self) -> str:
        return self.place if self.line is None else f"{self.place}:{self.line}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"scope": self.scope.value, "place": self.place, "line": self.line}


@dataclass(frozen=True, slots=True)
class Said:
    """One value as it was written. ``key`` need not be one of ours."""

    key: str
    value: object
    origin: Origin
    spot: Spot
    text: bool = False
    """From a variable."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What all places came to, by key; what nobody set is not there."""

    values: Mapping[str, Any]
    origins: Mapping[str, tuple[Origin, ...]]
    """The lightest first; several only where values were joined."""
    finals: Mapping[str, Origin]
    warnings: tuple[str, ...]


def merge(layers: Iterable[Iterable[Said]]) -> Merged:
    """Merge the layers, the lightest first.

    Raises ConfigError for a value that cannot be, and for a call that asks for what the site has made final.
    """
    merging = _Merging()
    for layer in layers:
        merging.add(list(layer))
    merging.check()
    return Merged(
        merging.values,
        {key: tuple(found) for key, found in merging.origins.items()},
        merging.finals,
        tuple(merging.warnings),
    )


class _Merging:
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, list[Origin]] = {}
        self.finals: dict[str, Origin] = {}
        self.warnings: list[str] = []
        self._owners: dict[tuple[str, str], Origin] = {}

    def add(self, layer: list[Said]) -> None:
        """Let one place, weightier than those before it, say its part."""
        known = {said.key: said for said in layer}
        for key, setting in SETTINGS.items():
            if key in known:
                self._hear(setting, known[key])
        for key, said in known.items():
            if key == FINAL:
                self._finalise(said)
            elif key not in SETTINGS:
                self.warnings.append(_unknown(said))

    def check(self) -> None:
        """Raises ConfigError for settings that contradict each other."""
        if self.values.get("override_channels") and not self.values.get("channels"):
            origin = self.origins["override_channels"][-1]
            raise ConfigError(
                f"{origin}: override_channels without channels leaves none",
                help='channels = ["conda-forge"]',
                place=origin.place,
                line=origin.line,
                setting="override_channels",
            )

    def _hear(self, setting: Setting, said: Said) -> None:
        current = self.values.get(setting.key, setting.default)
        trusted = said.origin.scope in setting.by
        if not trusted and not setting.tightens:
            others = "only the site and the user may" if Scope.USER in setting.by else "only the site may"
            self._disobey(said, f"{_WHO[said.origin.scope]} may not set it, {others}")
            return
        try:
            value = _read(setting, said)
        except NotYoursError as error:
            self._disobey(said, f"{_WHO[said.origin.scope]} may name {error}")
            return
        stricter = setting.tightens and setting.kind.no_laxer(value, current)
        if not trusted and not stricter:
            now = setting.kind.shown(current)
            self._disobey(said, f"{_WHO[said.origin.scope]} may only make it stricter than {now}")
            return
        final = self.finals.get(setting.key)
        if final is None or stricter:
            self._take(setting, said, value)
        elif setting.kind.joined(current, value) != current:
            self._refuse(said, final)

    def _take(self, setting: Setting, said: Said, value: Any) -> None:
        key = setting.key
        if setting.apart_from:
            value = self._apart(setting, said, value)
        if setting.kind.joins and key in self.values:
            self.values[key] = setting.kind.joined(self.values[key], value)
            self.origins[key].append(said.origin)
        elif value or not setting.kind.joins:
            self.values[key] = value
            self.origins[key] = [said.origin]
        if key == "override_channels" and value:
            self.values.pop("channels", None)  # of the lighter places; this one's own come next
            self.origins.pop("channels", None)

    def _apart(self, setting: Setting, said: Said, items: Iterable[str]) -> tuple[str, ...]:
        """``items``, taken from the list that may not have them too, but for those it has for good."""
        other, kept = SETTINGS[setting.apart_from], []
        for item in items:
            rival = self._owners.get((other.key, item)) if item in self.values.get(other.key, ()) else None
            if rival is not None and (rival.scope, rival.place) == (said.origin.scope, said.origin.place):
                raise ConfigError(
                    f"{said.origin}: {item} cannot be in {setting.key} and in {other.key}",
                    place=said.origin.place,
                    line=said.origin.line,
                    setting=setting.key,
                )
            if rival is not None and (final := self.finals.get(other.key)):
                self.warnings.append(
                    f"{said.origin}: {item} stays in {other.key}, which {final.place} makes final"
                )
                continue
            if rival is not None:
                self.values[other.key] = tuple(name for name in self.values[other.key] if name != item)
            self._owners[setting.key, item] = said.origin
            kept.append(item)
        return tuple(kept)

    def _finalise(self, said: Said) -> None:
        if said.origin.scope is not Scope.SITE:
            self._disobey(said, "only the site can make a setting final")
            return
        if not isinstance(said.value, list) or not all(isinstance(item, str) for item in said.value):
            raise _wrong(said, "a list of settings' names")
        for name in said.value:
            keys = [key for key in SETTINGS if key == name or (name in GROUPS and key.startswith(f"{name}."))]
            for key in keys:
                self.finals.setdefault(key, said.origin)
                for part, setting in SETTINGS.items():
                    if setting.part_of == key:
                        self.finals.setdefault(part, said.origin)
            if not keys:
                self.warnings.append(f"{said.origin}: there is no setting {name} to make final{_near(name)}")

    def _refuse(self, said: Said, final: Origin) -> None:
        if said.origin.scope is Scope.CALL:
            raise forbidden(said.key, final)
        self._disobey(said, f"{final.place} makes it final")

    def _disobey(self, said: Said, why: str) -> None:
        self.warnings.append(f"{said.origin}: {said.key} is not obeyed: {why}")


_WHO = {
    Scope.SITE: "the site",
    Scope.USER: "the user",
    Scope.PREFIX: "an environment's file",
    Scope.PROJECT: "a project's file",
    Scope.VARIABLE: "a variable",
    Scope.CALL: "a call",
}


def _read(setting: Setting, said: Said) -> Any:
    try:
        if said.text:
            return setting.kind.of_text(str(said.value), said.spot)
        return setting.kind.of_toml(said.value, said.spot)
    except NotYoursError:
        raise
    except ValueError as error:
        raise _wrong(said, setting.kind.wanted, str(error)) from None


def forbidden(key: str, final: Origin) -> ConfigError:
    """The error for a call that asks for what the site has made final."""
    return ConfigError(
        f"the site lets nobody change {key}",
        detail=[f"{final} makes it final"],
        help="condadeps config shows what holds",
        place=final.place,
        line=final.line,
        setting=key,
    )


def _wrong(said: Said, wanted: str, why: str = "") -> ConfigError:
    name = said.origin.place if said.text else said.key
    where = "" if said.text else f"{said.origin}: "
    shown = masked(repr(said.value) if len(repr(said.value)) < 80 else type(said.value).__name__)
    return ConfigError(
        f"{where}{name} must be {wanted}, not {shown}",
        detail=[why] if why else [],
        place=said.origin.place,
        line=said.origin.line,
        setting=said.key,
    )


def _unknown(said: Said) -> str:
    name = said.origin.place if said.text else said.key
    where = "" if said.text else f"{said.origin}: "
    return f"{where}there is no setting {name}{_near(name, text=said.text)}"


def _near(name: str, *, text: bool = False) -> str:
    """What ``name`` may have been meant as: settings by their keys, or by their variables."""
    from difflib import get_close_matches

    if text:
        meant = {setting.variable.removeprefix(PREFIX): setting.variable for setting in SETTINGS.values()}
    else:
        meant = {key.rpartition(".")[2]: key for key in SETTINGS} | {key: key for key in SETTINGS}
        meant |= {} if "." in name else {group: group for group in GROUPS}
    found = get_close_matches(name.removeprefix(PREFIX), meant, n=3, cutoff=0.65)
    near = list(dict.fromkeys(meant[match] for match in found))
    return f" (near: {', '.join(near)})" if near else ""
