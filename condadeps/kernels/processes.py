"""What a kernel that waits for its language has started: the installation, and then the kernel itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from condadeps.engine import protocol
from condadeps.errors import EngineError
from condadeps.kernels import start

_CHUNK = 1 << 16
_LAST_LINES = 12


class Installer:
    """:mod:`condadeps.kernels.installing` at work; ends by itself, or soon after :meth:`cancel`."""

    def __init__(self, name: str) -> None:
        # Until it can heed an Interrupt, that waits: it unblocks it itself.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                start.command("installing", [name, str(os.getpid())]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # Whoever kills this kernel's group lets the installation end in good order.
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert self._process.stdout
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._rest = b""
        self.ended = False

    def fileno(self) -> int:
        """What to poll."""
        return self._pipe.fileno()

    def events(self) -> Iterator[dict[str, Any]]:
        """What it said since the last call; sets ``ended`` at its end. Raises EngineError for nonsense."""
        while not self.ended:
            try:
                chunk = os.read(self._pipe.fileno(), _CHUNK)
            except BlockingIOError:
                return
            self.ended = not chunk
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                yield protocol.decode(line)

    def cancel(self) -> None:
        """Ask it to stop: it leaves nothing half-done."""
        with suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def close(self) -> int:
        """Wait for it, and return its exit code."""
        self._pipe.close()
        return self._process.wait()

    def died(self, code: int) -> EngineError:
        """The error for an end without a word."""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return EngineError(f"the installation ended without a word ({how})", exit_code=code)


class Kernel:
    """The language's own kernel, on a connection of ours."""

    def __init__(self, name: str, connection_file: Path) -> None:
        words = [name, str(connection_file), start.FOLLOW, str(os.getpid())]
        self._process = subprocess.Popen(
            start.command("start", words), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self._process.stderr
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def signal(self, number: signal.Signals) -> None:
        """To it and its children, as a server sends it to a kernel."""
        with suppress(OSError):
            if os.getpgid(self._process.pid) == self._process.pid:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return self._process.poll()

    def last_words(self) -> list[str]:
        """The end of what it wrote to standard error, once it is over."""
        self._reader.join(timeout=1)
        return list(self._said)

    def _read(self, pipe: IO[bytes]) -> None:
        """Pass on to the server's log what is written there, and remember its end."""
        for line in pipe:
            self._said.append(line.decode(errors="replace").rstrip()[:500])
            with suppress(OSError, ValueError):
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()
