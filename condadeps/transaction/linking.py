"""The engine's installation callbacks, told to a reporter."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Package


class Linking:
    """An ``InstallerReporter`` of py-rattler, which calls it from its own threads."""

    def __init__(self, reporter: Reporter, packages: Sequence[Package]) -> None:
        self._reporter = reporter
        self._filenames = {str(package.name): package.filename for package in packages}
        self._sizes = {package.filename: package.size for package in packages}
        self._lock = threading.Lock()
        self._tokens: list[str] = []
        self._laid_out = 0

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """A package is looked for in the cache; the token stands for its file's name."""
        with self._lock:
            self._tokens.append(self._filenames.get(package_name, package_name))
            return len(self._tokens) - 1

    def on_download_start(self, cache_entry: int) -> int:
        """It is not there."""
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Bytes came in."""
        with self._lock:
            name = self._tokens[download_idx]
            whole = total or self._sizes.get(name)
            # Only a completed download may say that all of it is there.
            self._reporter.progress(name, min(progress, whole - 1) if whole else progress, whole, "bytes")

    def on_download_completed(self, download_idx: int) -> None:
        """All of it came in."""
        with self._lock:
            name = self._tokens[download_idx]
            size = self._sizes.get(name) or 1
            self._reporter.progress(name, size, size, "bytes")

    def on_link_complete(self, index: int) -> None:
        """A package is laid out."""
        with self._lock:
            self._laid_out += 1
            self._reporter.progress("packages", self._laid_out, len(self._filenames), "items")

    def on_transaction_start(self, total_operations: int) -> None:
        """Nothing to tell."""

    def on_transaction_operation_start(self, operation: int) -> None:
        """Nothing to tell."""

    def on_validate_start(self, cache_entry: int) -> int:
        """Nothing to tell."""
        return cache_entry

    def on_validate_complete(self, validate_idx: int) -> None:
        """Nothing to tell."""

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        """Nothing to tell."""

    def on_unlink_start(self, operation: int, package_name: str) -> int:
        """Nothing to tell: nothing is unlinked while staging."""
        return 0

    def on_unlink_complete(self, index: int) -> None:
        """Nothing to tell."""

    def on_link_start(self, operation: int, package_name: str) -> int:
        """Nothing to tell."""
        return operation

    def on_transaction_operation_complete(self, operation: int) -> None:
        """Nothing to tell."""

    def on_transaction_complete(self) -> None:
        """Nothing to tell."""

    def on_post_link_start(self, package_name: str, script_path: str) -> int:
        """Nothing to tell: scripts are not the engine's here."""
        return 0

    def on_post_link_complete(self, index: int, success: bool) -> None:
        """Nothing to tell."""

    def on_pre_unlink_start(self, package_name: str, script_path: str) -> int:
        """Nothing to tell."""
        return 0

    def on_pre_unlink_complete(self, index: int, success: bool) -> None:
        """Nothing to tell."""
