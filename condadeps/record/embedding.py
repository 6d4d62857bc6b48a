"""An environment inside a notebook: under ``metadata.condadeps``, so that a shared notebook carries it.

    "metadata": {
     "condadeps": {
      "version": 1,
      "environment": "name: analysis\\nchannels: …",       an environment.yml (CEP 24)
      "lock": "version: 1\\nmetadata: …"                    a conda-lock.yml (CEP 37); may be missing
     }, …

The rest of the file stays as it is, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.asked.credentials import masked
from condadeps.asked.files import MAX_NOTEBOOK_BYTES, failure, text_of
from condadeps.asked.job import Job
from condadeps.record import file
from condadeps.show.shown import Shown

if TYPE_CHECKING:
    from condadeps.show.reporter import Reporter

KEY = "condadeps"
VERSION = 1

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a notebook carries."""

    environment: str
    lock: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The value under the key."""
        told: dict[str, Any] = {"version": VERSION, "environment": self.environment}
        return told if self.lock is None else {**told, "lock": self.lock}


@dataclass(frozen=True, slots=True)
class Written(Shown):
    """What was done to a notebook."""

    notebook: str
    message: str
    changed: bool

    def __str__(self) -> str:
        reload = "; if it is open, reload it before it is saved" if self.changed else ""
        return f"{self.notebook}: {self.message}{reload}"

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"success": True, "notebook": self.notebook, "changed": self.changed, "message": self.message}


def read(path: Path) -> Embedded | None:
    """What the notebook at ``path`` carries; None when it carries nothing.

    Raises RequestError for what is no notebook, or carries what this version cannot read.
    """
    told = _told(text_of(path, MAX_NOTEBOOK_BYTES), path)
    if told is None:
        return None
    environment, lock = told.get("environment"), told.get("lock")
    known = told.get("version") == VERSION and isinstance(environment, str)
    if not known or not (lock is None or isinstance(lock, str)):
        raise failure(path, f"carries an environment that is not read here (metadata.{KEY})")
    return Embedded(str(environment), lock)


def embed(
    job: Job,
    notebook: str,
    reporter: Reporter | None = None,
    *,
    environment: str | None = None,
    lock: bool = True,
) -> Written:
    """Write the environment of ``job`` into ``notebook``: the file ``environment``, and with ``lock`` a lock.

    Without ``environment`` it is the notebook's own environment.yml, and where there is none, what was
    asked for in the environment. Raises RequestError for what is no notebook or names a secret,
    RecordError, PrefixError, SourceError.
    """
    from condadeps.record.export import export

    path = Path(job.directory, notebook).expanduser()
    text = text_of(path, MAX_NOTEBOOK_BYTES)
    _told(text, path)
    beside = path.parent / "environment.yml"
    source = Path(job.directory, environment).expanduser() if environment else beside
    if environment or beside.is_file():
        told = text_of(source)
        _check_environment(told, source)
    else:
        told = export(job, reporter).text
    locked = export(job, reporter, format="conda-lock").text if lock and _is_conda(job) else None
    for part in (told, locked or ""):
        if masked(part) != part:
            raise failure(source, "has a password or token in it, which a shared notebook would give away")
    file.put(path, _with(text, Embedded(told, locked).to_json()))
    told_of_lock = " and its lock" if locked else f", and no lock: {_why_none(job, lock)}"
    return Written(notebook, f"carries its environment{told_of_lock}", True)


def _why_none(job: Job, wanted: bool) -> str:
    return f"{job.prefix} is not a conda environment (-p DIR names one)" if wanted else "--no-lock"


def strip(job: Job, notebook: str) -> Written:
    """Take what :func:`embed` wrote out of ``notebook``. Raises RequestError, RecordError."""
    path = Path(job.directory, notebook).expanduser()
    text = text_of(path, MAX_NOTEBOOK_BYTES)
    if _told(text, path) is None:
        return Written(notebook, "carries no environment", False)
    file.put(path, _without(text))
    return Written(notebook, "carries no environment any more", True)


def _is_conda(job: Job) -> bool:
    return (Path(job.prefix) / "conda-meta").is_dir()


def _check_environment(text: str, path: Path) -> None:
    """Raises RequestError when ``text`` is no environment file."""
    from condadeps.asked import environment_yml

    environment_yml.parsed(text, path)


def _told(text: str, path: Path) -> Mapping[str, Any] | None:
    """The value under the key. Raises RequestError when the text is no notebook."""
    try:
        document = json.loads(text)
        metadata = document["metadata"]
        found = metadata.get(KEY)
        assert isinstance(document.get("cells", document.get("worksheets")), list)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError):
        raise failure(path, "is not a notebook") from None
    if found is not None and not isinstance(found, dict):
        raise failure(path, f"has something else under metadata.{KEY}")
    return found


@dataclass(frozen=True, slots=True)
class _Member:
    """One ``"key": value`` of a JSON object, by its places in the text."""

    key: str
    start: int
    value: int
    end: int


def _members(text: str, at: int) -> Iterator[_Member]:
    """The members of the object that begins at ``at``."""
    at = _skip(text, _skip(text, at) + 1)
    while text[at] == '"':
        start = at
        key, at = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, at) + 1)
        _, at = _DECODER.raw_decode(text, value)
        yield _Member(key, start, value, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found
    return found.end()


def _metadata(text: str) -> int:
    """Where the notebook's own metadata begin."""
    return next(one.value for one in _members(text, 0) if one.key == "metadata")


def _with(text: str, value: Mapping[str, Any]) -> str:
    start = _metadata(text)
    there = list(_members(text, start))
    outer = next(iter(_members(text, 0))).start
    unit = text[_skip(text, 0) + 1 : outer].rpartition("\n")[2]
    space = text[start + 1 : there[0].start] if there else f"\n{unit * 2}"
    margin = space.rpartition("\n")[2]
    shown = json.dumps(value, indent=unit, ensure_ascii=False) if "\n" in space else json.dumps(value)
    shown = shown.replace("\n", f"\n{margin}")
    before = next((one for one in there if one.key == KEY), None)
    if before is not None:
        return text[: before.value] + shown + text[before.end :]
    if there:
        return f'{text[: there[-1].end]},{space}"{KEY}": {shown}{text[there[-1].end :]}'
    end = text.index("}", start)
    return f'{text[: start + 1]}{space}"{KEY}": {shown}\n{unit}{text[end:]}'


def _without(text: str) -> str:
    start = _metadata(text)
    there = list(_members(text, start))
    place = next(number for number, one in enumerate(there) if one.key == KEY)
    if len(there) == 1:
        return text[: start + 1] + text[text.index("}", _skip(text, there[0].end)) :]
    if place:
        return text[: there[place - 1].end] + text[there[place].end :]
    return text[: there[0].start] + text[there[1].start :]
