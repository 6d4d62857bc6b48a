"""Quantities as a person reads them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes, in powers of 1000.

    >>> size(812), size(3_449_000), size(512_000_000)
    ('812 B', '3.4 MB', '512 MB')
    """
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" or value >= 99.95 else f"{value:.1f} {units[0]}"


def seconds(span: float) -> str:
    """A span of time.

    >>> seconds(0.0031), seconds(1.44), seconds(125)
    ('3 ms', '1.4 s', '2 min 5 s')
    """
    if span < 0.95:
        return f"{span * 1000:.0f} ms"
    return f"{span:.1f} s" if span < 59.95 else f"{span // 60:.0f} min {span % 60:.0f} s"


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "change"), counted(2, "change")
    ('1 change', '2 changes')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
