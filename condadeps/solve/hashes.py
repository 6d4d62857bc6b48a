"""Requests that name the digests of their file (pip's ``--hash``).

A digest is of PyPI's file, so the project comes from PyPI: conda's package is another file, about which the
digest says nothing. What is installed already at a version that was asked for stays, as with pip.
"""

from __future__ import annotations

from collections.abc import Collection

from packaging.version import Version

from condadeps.errors import HashError
from condadeps.solve.seams import Page
from condadeps.sources.files import File, Interpreter
from condadeps.sources.pages import Best


class Hashed(Best):
    """The file to use of each version, among those with one of the digests; judged when looked up."""

    def __init__(
        self, page: Page, interpreter: Interpreter, digests: Collection[str], *, yanked: bool = False
    ) -> None:
        """``digests`` are ``algorithm:hex`` texts. One whose SHA-256 nobody tells counts, to be checked."""
        super().__init__(page, interpreter, yanked)
        self._digests = frozenset(digests)

    def _files(self, version: Version) -> list[File]:
        return [file for file in super()._files(version) if self._fits(file)]

    def _fits(self, file: File) -> bool:
        told = {f"{algorithm}:{digest}" for algorithm, digest in file.hashes.items()}
        return "sha256" not in file.hashes or not told.isdisjoint(self._digests)


def check(file: File, digests: Collection[str]) -> None:
    """Raises HashError when ``file``, whose SHA-256 is known by now, is none of the files asked for."""
    told = {f"{algorithm}:{digest}" for algorithm, digest in file.hashes.items()}
    if digests and told.isdisjoint(digests):
        raise HashError(
            f"{file.filename} is not the file that was asked for",
            detail=[f"asked for {text}" for text in sorted(digests)[:3]] + [f"found sha256:{file.sha256}"],
            url=file.url,
            expected=sorted(digests),
            actual=f"sha256:{file.sha256}",
        )
