"""The kernel that is there before its language is: it answers, installs, shows progress, then steps aside.

A server gives a kernel 60 seconds to answer, and a language takes minutes to install. So this holds the
kernel's own ports from the start, keeps what is to be executed, has the language installed by a process of
its own, starts the real kernel on private ports with the same key, hands it what was kept, in order, and
from then on passes every message on as it is, both ways. The next start is the real kernel's alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import FrameType
from typing import Any

import zmq

from condadeps.engine import protocol
from condadeps.errors import CancelledError, CondadepsError
from condadeps.kernels import channels, offered, speech
from condadeps.kernels.channels import Connection, Socket
from condadeps.kernels.definition import Definition
from condadeps.kernels.parent import is_alive
from condadeps.kernels.processes import Installer, Kernel
from condadeps.kernels.speech import Display, Message, Speech

_PROBE_SECONDS = 0.3
_BUSY_SECONDS = 2.0
"""How often it is said anew that it is busy: a server that listens only from now on, as each does that just
started this kernel, would take it for idle, and may end such (``cull_idle_timeout``)."""
_LITTER = "condadeps-kernel-"
_TURN = 256
"""Messages of one socket that are passed on before another's turn."""


class State(Enum):
    """Where this kernel stands."""

    INSTALLING = "installing"
    STARTING = "starting"
    """Installed; the real kernel does not answer yet."""
    PASSING = "passing"
    """The real kernel answers; everything goes to it and comes from it."""
    FAILED = "failed"
    """The next execution tries again."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A request that waits for the kernel."""

    channel: str
    idents: Sequence[bytes]
    message: Message
    frames: Sequence[bytes] = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.message["header"]["msg_type"])

    @property
    def executes(self) -> bool:
        return self.kind == "execute_request"

    @property
    def silent(self) -> bool:
        return bool(self.message["content"].get("silent"))


def wait(name: str, definition: Definition | None, file: Path, problem: CondadepsError | None) -> int:
    """Be the kernel of the definition ``name`` on the connection of ``file``; returns its exit code.

    ``problem`` is why it cannot be installed, when that is known already.
    """
    _sweep()
    directory = Path(tempfile.mkdtemp(prefix=f"{_LITTER}{os.getpid()}-"))
    try:
        return Waiting(name, definition, Connection.read(file), directory).run(problem)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep() -> None:
    """Remove what such kernels left that were killed: a server that is in a hurry kills them all."""
    for path in Path(tempfile.gettempdir()).glob(f"{_LITTER}*-*"):
        pid = path.name.removeprefix(_LITTER).partition("-")[0]
        with suppress(OSError, ValueError):
            if path.stat().st_uid == os.getuid() and not is_alive(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


class Waiting:
    """One such kernel."""

    def __init__(
        self, name: str, definition: Definition | None, connection: Connection, directory: Path
    ) -> None:
        self._name = name
        self._definition = definition
        self._connection = connection
        self._directory = directory
        self._context = zmq.Context()
        self._session = speech.session(connection)
        self._front = channels.bound(self._context, connection)
        self._back: dict[str, Socket] = {}
        self._speech = Speech(self._session, self._front)
        self._poller: Any = zmq.Poller()
        self._kept: list[_Kept] = []
        self._signals: list[int] = []
        self._installer: Installer | None = None
        self._kernel: Kernel | None = None
        self._display = Display(self._speech, "")
        self._interrupted = False
        self._probed = 0.0
        self._told_busy = 0.0
        self._code: int | None = None
        self._state = State.FAILED
        # As Jupyter's kernels do: whoever was started by a server that is gone goes, too.
        self._server = os.getppid() if os.environ.get("JPY_PARENT_PID") else None

    def run(self, problem: CondadepsError | None = None) -> int:
        """Until the kernel is over."""
        wake, waker = os.pipe()
        for end in (wake, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, self._signalled)
        self._poller.register(wake, zmq.POLLIN)
        for channel in ("control", "shell", "hb"):
            self._poller.register(self._front[channel], zmq.POLLIN)
        if problem is None:
            self._install()
        try:
            while self._code is None:
                self._turn(wake)
            return self._code
        finally:
            self._context.destroy(linger=1000)

    @property
    def _called(self) -> str:
        return self._definition.display_name if self._definition else self._name

    # One turn of the loop

    def _turn(self, wake: int) -> None:
        pause = {State.STARTING: _PROBE_SECONDS, State.INSTALLING: 0.25}.get(self._state, 5.0)
        ready = dict(self._poller.poll(pause * 1000))
        if wake in ready:
            with suppress(BlockingIOError):
                os.read(wake, 4096)
        if self._server not in (None, os.getppid()):
            self._leave(1)
            return
        while self._signals:
            self._heed(self._signals.pop(0))
        if self._installer is not None and self._installer.fileno() in ready:
            self._hear(self._installer)
        if self._state in (State.STARTING, State.PASSING):
            self._look_after_kernel(ready)
        for channel in ("control", "shell", "hb", "stdin"):
            if self._code is None and self._front[channel] in ready:
                self._from_front(channel)
        if self._state is State.INSTALLING:
            self._display.tick()
        if self._state in (State.INSTALLING, State.STARTING):
            self._stay_busy()

    def _stay_busy(self) -> None:
        if time.monotonic() - self._told_busy > _BUSY_SECONDS:
            self._told_busy = time.monotonic()
            self._speech.status("busy")

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)

    def _heed(self, number: int) -> None:
        if number == signal.SIGINT:
            self._interrupt()
        elif number == signal.SIGTERM:
            self._leave(0 if self._kernel is None else None)

    # Installing

    def _install(self) -> None:
        """Begin, or begin again."""
        try:
            self._definition = offered.find(self._name)  # it may have been mended meanwhile
        except CondadepsError as error:
            self._fail(error)
            return
        self._interrupted = False
        title = f"Installing {self._called}, once: from the next start on it is there at once"
        self._display = Display(self._speech, title)
        self._installer = Installer(self._name)
        self._poller.register(self._installer.fileno(), zmq.POLLIN)
        self._state = State.INSTALLING
        self._speech.status("busy")

    def _hear(self, installer: Installer) -> None:
        outcome: object = None
        problem: CondadepsError | None = None
        try:
            for event in installer.events():
                outcome = protocol.read_event(event, _Shown(self._display)) or outcome
        except CondadepsError as error:
            problem = error
        if outcome is None and problem is None and not installer.ended:
            return
        self._poller.unregister(installer.fileno())
        self._installer = None
        code = installer.close()
        if outcome is None:
            self._fail(problem or installer.died(code))
            return
        if self._interrupted:
            self._refuse("KeyboardInterrupt", [f"interrupted; {self._called} was installed by then"])
        self._start()

    def _fail(self, error: CondadepsError) -> None:
        """Tell everyone who waits; the kernel stays alive, and the next execution tries again."""
        self._state = State.FAILED
        if isinstance(error, CancelledError) and self._interrupted:
            message = f"the installation of {self._called} was interrupted; nothing half-done is left"
            self._refuse("KeyboardInterrupt", [message, "Run the cell again to install it after all."])
        else:
            head = f"{self._called} could not be installed: {error.message}"
            help = [f"help: {error.help}"] if error.help else []
            again = "Run the cell again to try again."
            self._refuse(type(error).__name__, [head, *(f"  {one}" for one in error.detail), *help, again])
        self._speech.status("idle")

    def _refuse(self, name: str, lines: Sequence[str]) -> None:
        """Answer the first execution that waits with an error and abort the others, as kernels do."""
        kept = [one for one in self._kept if one.executes]
        self._kept = [one for one in self._kept if not one.executes]  # widgets, the debugger: for later
        self._display.vanish()
        for number, one in enumerate(sorted(kept, key=lambda one: one.silent)):
            if number == 0 or one.silent:
                self._speech.fail(one.idents, one.message, name, lines)
            else:
                self._speech.abort(one.idents, one.message)

    def _interrupt(self) -> None:
        if self._state is State.INSTALLING and self._installer is not None:
            self._interrupted = True
            self._installer.cancel()
            self._display.state.notices.append("stopping …")
        elif self._state is State.STARTING:
            self._refuse("KeyboardInterrupt", [f"interrupted while {self._called} starts"])
        elif self._kernel is not None:
            self._kernel.signal(signal.SIGINT)

    # The real kernel

    def _start(self) -> None:
        private = Path(tempfile.mkdtemp(dir=self._directory))
        connection, file = self._connection.private(private)
        self._kernel = Kernel(self._name, file)
        self._back = channels.connected(self._context, connection, self._session.bsession)
        self._poller.register(self._back["iopub"], zmq.POLLIN)
        self._poller.register(self._back["shell"], zmq.POLLIN)
        self._state = State.STARTING
        self._display.title = f"{self._called} is installed and starts"
        self._display.state.begin("link", "")
        self._display.state.phase = None
        self._display.tick()

    def _look_after_kernel(self, ready: dict[Any, int]) -> None:
        assert self._kernel is not None
        code = self._kernel.code()
        if self._state is State.STARTING:
            if self._back["iopub"] in ready:
                self._hand_over()
            elif code is not None:
                self._not_started(code)
                return
            elif time.monotonic() - self._probed > _PROBE_SECONDS:
                # Asked until it is heard: what was published before we listened is lost.
                self._probed = time.monotonic()
                said: Any = self._session
                said.send(self._back["shell"], "kernel_info_request", {})
        self._from_back(ready if code is None else None)
        if code is not None and self._state is State.PASSING:
            self._leave(code if code >= 0 else 128 - code)

    def _hand_over(self) -> None:
        """It is heard: it gets what was kept, in the order in which it came."""
        self._state = State.PASSING
        self._display.vanish()
        for channel in ("control", "stdin", "hb"):
            self._poller.register(self._back[channel], zmq.POLLIN)
        self._poller.register(self._front["stdin"], zmq.POLLIN)
        kept, self._kept = self._kept, []
        for one in kept:
            self._back[one.channel].send_multipart(one.frames)
        if not kept:
            self._speech.status("idle")

    def _not_started(self, code: int) -> None:
        assert self._kernel is not None
        words = self._kernel.last_words()
        self._kernel = None
        for name in ("iopub", "shell"):
            self._poller.unregister(self._back[name])
        for one in self._back.values():
            one.close(linger=0)
        self._back = {}
        self._state = State.FAILED
        self._refuse(
            "KernelError",
            [
                f"{self._called} is installed, but its kernel ended at once (exit code {code})",
                *(f"  {word}" for word in words),
                "Run the cell again to try again.",
                f"To install it anew: condadeps kernels remove --environment {self._name}, and add it again.",
            ],
        )
        self._speech.status("idle")

    def _from_back(self, ready: dict[Any, int] | None) -> None:
        """Pass on what the real kernel says; ``ready`` None: all that is left of it."""
        ours = self._session.session.encode()
        for name, one in self._back.items():
            if ready is not None and one not in ready:
                continue
            for frames in _received(one, patient=ready is None):
                if name == "iopub" and _is_for(ours, frames):
                    continue
                if name == "shell" and frames[0] == b"<IDS|MSG>":
                    continue  # the answer to it
                if self._state is State.PASSING:
                    self._front[name].send_multipart(frames)

    def _leave(self, code: int | None) -> None:
        if self._installer is not None:
            self._installer.cancel()
        if self._kernel is not None and self._kernel.code() is None:
            self._kernel.signal(signal.SIGTERM)
        if code is not None:
            self._code = code

    # The front ends

    def _from_front(self, channel: str) -> None:
        for frames in _received(self._front[channel]):
            if self._state is State.PASSING:
                self._back[channel].send_multipart(frames)
            elif channel == "hb":
                self._front["hb"].send_multipart(frames)
            else:
                request = self._read(channel, frames)
                if request is not None:
                    self._asked(request)
            if self._code is not None:
                return

    def _read(self, channel: str, frames: list[bytes]) -> _Kept | None:
        """A request; None for what is no message, or not signed with the kernel's key."""
        try:
            idents, rest = self._session.feed_identities(list(frames))
            request = _Kept(channel, idents, self._session.deserialize(rest), frames)
            return request if request.kind and isinstance(request.message["content"], dict) else None
        except (ValueError, TypeError, KeyError):
            return None

    def _asked(self, request: _Kept) -> None:
        """Answer what can be answered without the language, keep the rest."""
        content = request.message["content"]
        match request.kind:
            case "kernel_info_request":
                self._answer(request, speech.kernel_info(self._name, self._definition))
            case "shutdown_request":
                self._answer(request, {"status": "ok", "restart": bool(content.get("restart"))})
                self._leave(0)
            case "interrupt_request":
                self._answer(request, {"status": "ok"})
                self._interrupt()
            case "execute_request":
                self._execute(request)
            case kind if reply := speech.meanwhile(kind, content):
                self._answer(request, reply)
            case _:
                self._kept.append(request)

    def _answer(self, request: _Kept, content: dict[str, Any]) -> None:
        self._speech.answer(request.channel, request.idents, request.message, content)
        if self._state is not State.FAILED:
            self._speech.status("busy")  # as a whole it is, whatever it answers

    def _execute(self, request: _Kept) -> None:
        if self._state is State.FAILED and request.silent:
            message = f"{self._called} is not installed"
            self._speech.fail(request.idents, request.message, "NotInstalled", [message])
            return
        waits = any(one.executes and not one.silent for one in self._kept)
        self._kept.append(request)
        if self._state is State.FAILED:
            self._install()
        if not waits and not request.silent and self._state is not State.FAILED:
            self._display.appear(request.message)


class _Shown:
    """A reporter whose display is a cell's output."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def phase(self, phase: Any, message: str = "") -> None:
        self._display.state.begin(phase, message)
        self._display.update()

    def progress(self, item: str, done: int, total: int | None, unit: Any = "items") -> None:
        self._display.state.advance(item, done, total, unit)
        self._display.update()

    def notice(self, message: str) -> None:
        self._display.state.notices.append(message)
        self._display.update()


def _received(one: Socket, *, patient: bool = False) -> list[list[bytes]]:
    """What came in, at most a turn's worth; ``patient``: all, and what is still on its way."""
    found: list[list[bytes]] = []
    while patient or len(found) < _TURN:
        try:
            if patient and not one.poll(100):
                break
            found.append(one.recv_multipart(zmq.NOBLOCK))
        except zmq.Again:
            break
    return found


def _is_for(session: bytes, frames: list[bytes]) -> bool:
    """Whether a published message is for us: the kernel's welcome, or what our own question made it say."""
    with suppress(ValueError, IndexError):
        header = frames.index(b"<IDS|MSG>") + 2
        return session in frames[header + 1] or b'"iopub_welcome"' in frames[header]
    return False
