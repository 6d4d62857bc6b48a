"""In the session that installed it a kernel can all that it can later: widgets, the debugger, input()."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

import pytest

from tests.channel.server import Fault
from tests.kernels.conftest import Small
from tests.kernels.live import Running, started

pytestmark = pytest.mark.slow

WIDGET = """
import comm
def opened(one, message):
    one.on_msg(lambda message: one.send({"twice": 2 * message["content"]["data"]["value"]}))
    one.send({"opened with": message["content"]["data"]["value"]})
comm.get_comm_manager().register_target("widget", opened)
"""


def test_what_is_typed_and_what_a_widget_says_during_the_installation_arrives(small: Small) -> None:
    small.slow(5)
    with started("small", small.folder, small.cwd) as kernel:
        target = kernel.execute(WIDGET)
        _send(kernel, "comm_open", comm_id="one", target_name="widget", data={"value": 20})
        _send(kernel, "comm_msg", comm_id="one", data={"value": 21})
        asks = kernel.execute("print('hello', input('who? '))", allow_stdin=True)
        assert kernel.client.get_stdin_msg(timeout=60)["content"]["prompt"] == "who? "
        kernel.client.input("you")
        kernel.ended(asks)
        assert (kernel.text(target), kernel.text(asks)) == ("", "hello you\n")
        assert _heard(kernel) == [{"opened with": 20}, {"twice": 42}]
        _send(kernel, "comm_msg", comm_id="one", data={"value": 4})  # and afterwards
        kernel.until(lambda: len(_heard(kernel)) == 3, 30)
        assert _heard(kernel)[-1] == {"twice": 8}


def test_what_a_widget_said_is_not_lost_when_the_installation_fails_first(small: Small) -> None:
    small.server.faults.append(Fault("*", status=404))
    with started("small", small.folder, small.cwd) as kernel:
        _send(kernel, "comm_open", comm_id="one", target_name="nobody", data={})
        assert "Small could not be installed" in kernel.run("1")
        small.server.faults.clear()
        assert kernel.run("6 * 7") == "42"
        # A kernel answers what nobody there knows by closing it.
        kernel.until(lambda: any(one["msg_type"] == "comm_close" for one in kernel.said), 30)


def test_completion_inspection_and_history_are_the_kernels_own(small: Small) -> None:
    with started("small", small.folder, small.cwd) as kernel:
        assert kernel.run("an_answer = 6 * 7\nan_answer") == "42"
        assert "an_answer" in kernel.reply(kernel.client.complete("an_a"))["matches"]
        told = kernel.reply(kernel.client.inspect("an_answer"))
        assert told["found"] and "int" in told["data"]["text/plain"]
        history = kernel.reply(kernel.client.history(hist_access_type="tail", n=1))["history"]
        assert history[0][2] == "an_answer = 6 * 7\nan_answer"
        assert kernel.reply(kernel.client.is_complete("print("))["status"] == "incomplete"


def test_the_debugger_is_offered_from_the_start_and_stops_at_a_breakpoint(small: Small) -> None:
    small.define(debugger=True)
    small.slow(3)
    with started("small", small.folder, small.cwd) as kernel:
        told = kernel.reply(kernel.client.kernel_info())
        assert told["implementation"] == "condadeps" and "debugger" in told["supported_features"]
        # A front end asks this at once; the kernel answers when it is there.
        info = _debug(kernel, "debugInfo", {})
        assert info["success"] and info["body"]["tmpFileSuffix"] == ".py"

        assert _debug(kernel, "initialize", {"clientID": "test", "adapterID": "python"})["success"]
        assert _debug(kernel, "attach", {})["success"]
        code = "def half(n):\n    m = n // 2\n    return m\nprint(half(84))"
        path = _debug(kernel, "dumpCell", {"code": code})["body"]["sourcePath"]
        points = {"source": {"path": path}, "breakpoints": [{"line": 3}], "sourceModified": False}
        assert _debug(kernel, "setBreakpoints", points)["success"]
        assert _debug(kernel, "configurationDone", {})["success"]
        cell = kernel.execute(code)
        kernel.until(lambda: bool(_events(kernel, "stopped")), 60)
        thread = _events(kernel, "stopped")[0]["body"]["threadId"]
        (top, *_) = _debug(kernel, "stackTrace", {"threadId": thread})["body"]["stackFrames"]
        assert (top["name"], top["line"]) == ("half", 3)
        assert _debug(kernel, "continue", {"threadId": thread})["success"]
        kernel.ended(cell, 60)
        assert kernel.text(cell) == "42\n"


def test_a_kernel_that_is_interrupted_by_a_message_is_so_in_its_first_session(small: Small) -> None:
    small.define(interrupt_mode="message")
    with started("small", small.folder, small.cwd) as kernel:
        long = kernel.execute("import time\nprint('begun')\ntime.sleep(60)")
        kernel.until(lambda: "begun" in kernel.text(long))
        kernel.manager.interrupt_kernel()
        kernel.ended(long, 30)
        assert "KeyboardInterrupt" in kernel.text(long)


def test_a_restart_begins_again_with_what_waits_forgotten(small: Small) -> None:
    fault = small.slow(60)
    with started("small", small.folder, small.cwd) as kernel:
        waits = kernel.execute("print('of before')")
        kernel.until(lambda: fault.hits > 0)
        small.server.faults.clear()
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("6 * 7") == "42"
        assert "of before" not in kernel.text(waits)


def _send(kernel: Running, kind: str, **content: Any) -> None:
    kernel.client.shell_channel.send(kernel.client.session.msg(kind, content))


def _heard(kernel: Running) -> list[Any]:
    """What the kernel's end of the widget said."""
    return [one["content"]["data"] for one in kernel.said if one["msg_type"] == "comm_msg"]


def _debug(kernel: Running, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    request = {"type": "request", "seq": time.monotonic_ns(), "command": command, "arguments": arguments}
    message = kernel.client.session.msg("debug_request", request)
    kernel.client.control_channel.send(message)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            reply = kernel.client.get_control_msg(timeout=1)
        except Empty:
            continue
        if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            return dict(reply["content"])
    raise AssertionError(f"no answer to {command}")


def _events(kernel: Running, event: str) -> list[dict[str, Any]]:
    told = [one["content"] for one in kernel.said if one["msg_type"] == "debug_event"]
    return [one for one in told if one["event"] == event]
