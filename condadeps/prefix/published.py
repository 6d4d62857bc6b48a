"""When what is installed was published, as far as conda's records tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone

from condadeps.prefix.installed import InstalledPackage

_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*(\d+)')
_SECONDS_END = 253402300799
"""The last second of the year 9999: a greater stamp counts milliseconds, as conda reads them."""


def after(packages: Iterable[InstalledPackage], limit: datetime) -> list[InstalledPackage]:
    """Those of ``packages`` that were published later than ``limit``; one that does not say was not.

    Raises PrefixError for a record that cannot be read.
    """
    return [one for one in packages if (moment := _published(one)) is not None and moment > limit]


def _published(package: InstalledPackage) -> datetime | None:
    found = _TIMESTAMP.search(package.text)
    if found is None:
        return None
    stamp = int(found[1])
    try:
        return datetime.fromtimestamp(stamp / 1000 if stamp > _SECONDS_END else stamp, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None
