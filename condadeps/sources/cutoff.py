"""``exclude_newer``: nothing that was published after a date, for reproducible or cautious installs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from condadeps.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The newest moment that counts: for all packages, and for those with one of their own."""

    everything: datetime | None = None
    packages: Mapping[str, datetime | None] = field(default_factory=dict)
    """By package name; None lifts the cut-off for that one."""

    def __bool__(self) -> bool:
        return self.everything is not None or any(self.packages.values())

    def of(self, package: str) -> datetime | None:
        """The cut-off for one package; None when there is none."""
        return self.packages.get(package, self.everything)

    def allows(self, package: str, published: datetime | None) -> bool:
        """Whether a record counts. As for conda, one that does not say when it was published does."""
        limit = self.of(package)
        return limit is None or published is None or published <= limit


def cutoff(
    everything: str | datetime | None,
    packages: Mapping[str, str | None] | None = None,
    now: datetime | None = None,
) -> Cutoff:
    """The cut-off that settings describe.

    Each is a date (the end of that day, UTC), a date and time (RFC 3339; UTC when it names no zone), or
    an age in conda's ways: ``7d``, ``2w 12h``, ``P7D``, or seconds. ``false`` for one package lifts it.
    Raises ConfigError for anything else.
    """
    now = now or datetime.now(timezone.utc)
    return Cutoff(
        moment(everything, now) if everything else None,
        {
            name: None if (text or "").strip().lower() in _NEVER else moment(text or "", now)
            for name, text in (packages or {}).items()
        },
    )


def moment(text: str | datetime, now: datetime | None = None) -> datetime:
    """The moment that ``text`` means (see :func:`cutoff`), in UTC. Raises ConfigError."""
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=timezone.utc)
    now = now or datetime.now(timezone.utc)
    stripped = text.strip()
    age = _age(stripped)
    if age is not None:
        return now - age
    try:
        if _DATE.fullmatch(stripped):
            return datetime.fromisoformat(stripped).replace(tzinfo=timezone.utc) + timedelta(days=1)
        # Python 3.10 knows no Z.
        read = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", stripped))
    except ValueError as error:
        raise ConfigError(
            f"{text!r} is no date or age",
            help="such as 2026-04-01, 2026-04-01T12:00:00Z, 7d or P7D",
            place="exclude_newer",
        ) from error
    return read if read.tzinfo else read.replace(tzinfo=timezone.utc)


_NEVER = ("", "false", "no", "off", "none", "0")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_COMPACT = re.compile(r"(?:\d+\s*[wdhms]\s*)+", re.IGNORECASE)
_PART = re.compile(r"(\d+)\s*([wdhms])", re.IGNORECASE)
_ISO = re.compile(r"P(?:\d+W)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?", re.IGNORECASE)


def _age(text: str) -> timedelta | None:
    if text.isdigit():
        return timedelta(seconds=int(text))
    if _COMPACT.fullmatch(text) or (_ISO.fullmatch(text) and _PART.search(text)):
        return timedelta(
            seconds=sum(int(count) * _SECONDS[unit.lower()] for count, unit in _PART.findall(text))
        )
    return None
