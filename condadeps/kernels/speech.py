"""What a kernel says that is not there yet: answers to its front ends' questions, progress, errors."""

from __future__ import annotations

import html
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_client.session import Session

from condadeps import __version__
from condadeps.kernels.channels import Connection, Socket
from condadeps.kernels.definition import Definition
from condadeps.show import notebook
from condadeps.show.progress import Progress

Message = Mapping[str, Any]
"""A deserialized message: ``header``, ``content`` …"""

_PROTOCOL = "5.3"


def session(connection: Connection) -> Session:
    """The session that signs as the connection file says."""
    make: Any = Session  # untyped: traitlets makes its constructor
    made: Session = make(key=connection.key, signature_scheme=connection.signature_scheme)
    return made


class Speech:
    """Says things on a kernel's own sockets."""

    def __init__(self, session: Session, sockets: Mapping[str, Socket]) -> None:
        self._session = session
        self._sockets = sockets

    def publish(self, kind: str, content: Mapping[str, Any], parent: Message | None = None) -> None:
        """To all front ends."""
        said: Any = self._session
        said.send(self._sockets["iopub"], kind, dict(content), parent=parent, ident=kind.encode())

    def reply(
        self, channel: str, idents: Sequence[bytes], parent: Message, content: Mapping[str, Any]
    ) -> None:
        """To whoever asked."""
        kind = parent["header"]["msg_type"].replace("_request", "_reply")
        said: Any = self._session
        said.send(self._sockets[channel], kind, dict(content), parent=parent, ident=list(idents))

    def status(self, state: str, parent: Message | None = None) -> None:
        """``busy`` or ``idle``."""
        self.publish("status", {"execution_state": state}, parent)

    def answer(
        self, channel: str, idents: Sequence[bytes], parent: Message, content: Mapping[str, Any]
    ) -> None:
        """A whole answer: busy, the reply, idle."""
        self.status("busy", parent)
        self.reply(channel, idents, parent, content)
        self.status("idle", parent)

    def fail(self, idents: Sequence[bytes], parent: Message, name: str, lines: Sequence[str]) -> None:
        """An execution's answer: the error ``name`` with ``lines``, the message first."""
        told = {"ename": name, "evalue": lines[0], "traceback": [f"{name}: {lines[0]}", *lines[1:]]}
        self.status("busy", parent)
        self.publish("error", told, parent)
        self.reply("shell", idents, parent, {"status": "error", "execution_count": 0, **told})
        self.status("idle", parent)

    def abort(self, idents: Sequence[bytes], parent: Message) -> None:
        """The answer to what was queued behind something that failed, as kernels give it."""
        self.answer("shell", idents, parent, {"status": "aborted"})


class Display:
    """One output of a cell, updated while things happen. Nothing is shown before :meth:`appear`."""

    def __init__(self, speech: Speech, title: str) -> None:
        self.state = Progress()
        self._speech = speech
        self.title = title
        self._id = uuid.uuid4().hex
        self._parent: Message | None = None
        self._last = 0.0
        self._shown = ""

    def appear(self, parent: Message) -> None:
        """From now on below the cell of that request."""
        self._parent = parent
        self._speech.status("busy", parent)
        self._put("display_data")

    def update(self) -> None:
        """Show how things stand, not more often than eyes can follow; :meth:`tick` shows the last."""
        if self._parent is not None and time.monotonic() - self._last >= notebook.INTERVAL:
            self._put("update_display_data")

    def tick(self) -> None:
        """Show what an update left out, if anything."""
        if self._parent is not None and self._markup() != self._shown:
            self._put("update_display_data")

    def vanish(self) -> None:
        """Make room for what the cell itself has to show, also when that is nothing."""
        if self._parent is not None:
            self._speech.publish("clear_output", {"wait": False}, self._parent)
        self._parent = None

    def _markup(self) -> str:
        return f"<div><b>{html.escape(self.title)}</b></div>{notebook.progress(self.state)}"

    def _put(self, kind: str) -> None:
        self._last = time.monotonic()
        self._shown = self._markup()
        data = {"text/html": self._shown, "text/plain": f"{self.title}: {self.state.title}"}
        content = {"data": data, "metadata": {}, "transient": {"display_id": self._id}}
        self._speech.publish(kind, content, self._parent)


def kernel_info(name: str, told: Definition | None) -> dict[str, Any]:
    """The reply to ``kernel_info_request``; ``told`` is None where the definition ``name`` cannot be read."""
    language = told.language if told else name
    debugger = told is not None and told.debugger
    return {
        "status": "ok",
        "protocol_version": _PROTOCOL,
        "implementation": "condadeps",
        "implementation_version": __version__,
        "language_info": {
            "name": language,
            "version": "",
            "mimetype": "text/plain",
            "file_extension": ".txt",
            **(told.language_info if told else {}),
        },
        "banner": f"{told.display_name if told else name}: being installed by condadeps",
        "debugger": debugger,
        "supported_features": ["debugger"] if debugger else [],
        "help_links": [],
    }


def meanwhile(kind: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The reply to a question that need not wait for the kernel; None for what does."""
    match kind:
        case "comm_info_request":
            return {"status": "ok", "comms": {}}
        case "complete_request":
            at = content.get("cursor_pos", 0)
            return {"status": "ok", "matches": [], "cursor_start": at, "cursor_end": at, "metadata": {}}
        case "inspect_request":
            return {"status": "ok", "found": False, "data": {}, "metadata": {}}
        case "history_request":
            return {"status": "ok", "history": []}
        case "is_complete_request":
            return {"status": "unknown"}
    return None
