"""A kernel answers while its language is installed and when it cannot be; afterwards it is just a kernel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.channel.server import Fault
from tests.kernels.conftest import Small
from tests.kernels.live import Running, started

pytestmark = pytest.mark.slow


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def child_of(kernel: Running) -> int:
    """The real kernel behind the one that waited."""
    return int(kernel.run("import os; print(os.getpid())"))


def test_questions_are_answered_while_the_language_is_installed(small: Small) -> None:
    small.slow(10)
    with started("small", small.folder, small.cwd) as kernel:
        waits = kernel.execute("print('at last')")
        told = kernel.reply(kernel.client.kernel_info())
        assert (told["status"], told["language_info"]["name"]) == ("ok", "python")
        assert kernel.reply(kernel.client.complete("pri"))["matches"] == []
        assert kernel.reply(kernel.client.is_complete("print("))["status"] == "unknown"
        assert kernel.reply(kernel.client.inspect("print"))["found"] is False
        assert kernel.reply(kernel.client.history())["history"] == []
        kernel.client.hb_channel.unpause()
        kernel.until(kernel.client.hb_channel.is_beating, 5)
        kernel.listen()
        assert "idle" not in kernel.states(waits)  # all that before it is there
        kernel.ended(waits)
        assert kernel.text(waits) == "at last\n"
        shown = kernel.html(waits)
        assert "Installing Small" in shown[0] and any("fetching" in one for one in shown)


def test_afterwards_it_is_just_a_kernel(small: Small) -> None:
    with started("small", small.folder, small.cwd) as kernel:
        assert kernel.run("n = 6 * 7; n") == "42"
        assert "iopub_welcome" not in [one["msg_type"] for one in kernel.said]
        assert "print" in kernel.reply(kernel.client.complete("pri"))["matches"]
        asked = kernel.execute("print('hello', input('who? '))", allow_stdin=True)
        assert kernel.client.get_stdin_msg(timeout=30)["content"]["prompt"] == "who? "
        kernel.client.input("you")
        kernel.ended(asked)
        assert kernel.text(asked) == "hello you\n"

        long = kernel.execute("import time\nprint('begun')\ntime.sleep(60)")
        kernel.until(lambda: "begun" in kernel.text(long))
        kernel.manager.interrupt_kernel()
        kernel.ended(long)
        assert "KeyboardInterrupt" in kernel.text(long)

        told = kernel.run(
            "import comm\nc = comm.create_comm(target_name='nobody', data={'n': n})\nprint(c.comm_id)"
        )
        opened = [one for one in kernel.said if one["msg_type"] == "comm_open"]
        assert told.strip() == opened[0]["content"]["comm_id"] and opened[0]["content"]["data"] == {"n": 42}

        seq = {"type": "request", "seq": 1, "command": "debugInfo", "arguments": {}}
        message = kernel.client.session.msg("debug_request", seq)
        kernel.client.control_channel.send(message)
        info = kernel.client.get_control_msg(timeout=30)["content"]
        assert info["success"] and info["body"]["isStarted"] is False

        behind = child_of(kernel)
        assert behind != kernel.pid
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=30)
        assert "NameError" in kernel.run("n")
        assert child_of(kernel) == kernel.pid  # now without anybody between
        assert not lives(behind)


def test_much_output_passes_whole(small: Small) -> None:
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("for n in range(5000): print(n, flush=True)")
        assert said.split() == [str(n) for n in range(5000)]


def test_the_death_of_the_kernel_is_its_stand_ins(small: Small) -> None:
    with started("small", small.folder, small.cwd) as kernel:
        behind = child_of(kernel)
        os.kill(behind, signal.SIGKILL)
        kernel.until(lambda: not kernel.manager.is_alive(), 20)
    with started("small", small.folder, small.cwd) as kernel:
        assert kernel.run("6 * 7") == "42"


def test_killing_the_stand_in_leaves_no_kernel_behind_and_the_next_one_tidies_up(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started("small", small.folder, small.cwd) as kernel:
        behind = child_of(kernel)
        os.kill(kernel.pid, signal.SIGKILL)
        end = time.monotonic() + 20
        while lives(behind):
            assert time.monotonic() < end
            time.sleep(0.05)
    (left,) = tmp_path.glob("condadeps-kernel-*")
    shutil.rmtree(small.prefix)
    with started("small", small.folder, small.cwd) as kernel:
        assert kernel.run("6 * 7") == "42"
        assert not left.exists()


@pytest.mark.parametrize("mode", ["signal", "message"])
def test_an_interrupt_stops_the_installation_and_the_next_cell_installs_after_all(
    small: Small, mode: str
) -> None:
    small.define(interrupt_mode=mode)
    fault = small.slow(90)
    with started("small", small.folder, small.cwd) as kernel:
        first, second = kernel.execute("1"), kernel.execute("2")
        kernel.until(lambda: fault.hits > 0)
        kernel.manager.interrupt_kernel()
        kernel.ended(first, 60)
        kernel.ended(second, 60)
        assert "KeyboardInterrupt" in kernel.text(first) and "nothing half-done is left" in kernel.text(first)
        assert kernel.reply(first)["status"] == "error" and kernel.reply(second)["status"] == "aborted"
        assert not small.prefix.exists()
        small.server.faults.clear()
        assert kernel.run("6 * 7") == "42"


def test_two_starts_at_once_install_once_and_the_second_shows_its_wait(small: Small) -> None:
    small.slow(12)
    with started("small", small.folder, small.cwd) as one, started("small", small.folder, small.cwd) as two:
        sent = one.execute("print('one')"), two.execute("print('two')")
        one.ended(sent[0])
        two.ended(sent[1])
        assert (one.text(sent[0]), two.text(sent[1])) == ("one\n", "two\n")
        shown = [*one.html(sent[0]), *two.html(sent[1])]
        assert any("is being installed by another notebook" in text for text in shown)
    assert len([path for path in small.server.paths("GET") if "/tree-" in path]) == 1


def test_an_installation_that_was_killed_starts_over_clean(small: Small) -> None:
    fault = small.slow(90)
    with started("small", small.folder, small.cwd) as kernel:
        kernel.execute("1")
        kernel.until(lambda: fault.hits > 0)
        os.killpg(os.getpgid(kernel.pid), signal.SIGKILL)
    small.server.faults.clear()
    with started("small", small.folder, small.cwd) as kernel:
        assert kernel.run("6 * 7") == "42"
    assert (small.prefix / "bin" / "tree").is_file()


def test_closing_the_notebook_meanwhile_stops_the_installation(small: Small) -> None:
    fault = small.slow(90)
    with started("small", small.folder, small.cwd) as kernel:
        kernel.execute("1")
        kernel.until(lambda: fault.hits > 0)
        kernel.manager.shutdown_kernel()
    end = time.monotonic() + 60
    while small.prefix.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_offline_is_a_message_in_the_notebook_and_the_kernel_stays(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small.definition.parents[1] / "condadeps.toml"
    config.write_text("offline = true\n")
    with started("small", small.folder, small.cwd) as kernel:
        for _ in range(2):  # each execution tells it anew
            said = kernel.run("6 * 7")
            assert "Small could not be installed" in said and "offline" in said
            assert "Run the cell again to try again." in said
        assert kernel.manager.is_alive()
        config.unlink()
        assert kernel.run("6 * 7") == "42"


def test_a_channel_that_does_not_answer_is_a_message_in_the_notebook(small: Small) -> None:
    small.server.faults.append(Fault("*", status=404))
    with started("small", small.folder, small.cwd) as kernel:
        first, silent = kernel.execute("6 * 7"), kernel.execute("1", silent=True)
        kernel.ended(first)
        kernel.ended(silent)
        assert "Small could not be installed" in kernel.text(first)
        small.server.faults.clear()
        assert kernel.run("6 * 7") == "42"


def test_without_a_network_it_is_a_message_in_the_notebook(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_CHANNELS", "http://127.0.0.1:9/nobody")
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("6 * 7")
        assert "Small could not be installed" in said and "http://127.0.0.1:9/nobody" in said
        assert kernel.manager.is_alive()
    assert not small.prefix.exists()


def test_a_directory_that_cannot_be_written_to_is_a_message_that_names_it_and_the_setting(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a-file"
    file.write_text("")
    monkeypatch.setenv("CONDADEPS_KERNELS_DIR", str(file / "kernels"))
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("6 * 7")
        assert f"Small cannot be installed below {file / 'kernels'}" in said and "kernels_dir" in said
        file.unlink()
        assert kernel.run("6 * 7") == "42"


def test_a_package_that_no_channel_has_is_a_message_and_a_mended_definition_is_heeded(small: Small) -> None:
    small.define(conda=["no-such-package-anywhere"])
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("6 * 7")
        assert "Small could not be installed" in said and "no-such-package-anywhere" in said
        small.define(conda=["tree"])
        assert kernel.run("6 * 7") == "42"


def test_a_definition_that_went_away_is_a_message(small: Small) -> None:
    text = small.definition.read_text()
    small.definition.unlink()
    with started("small", small.folder, small.cwd) as kernel:
        assert "no kernel called small" in kernel.run("6 * 7")
        small.definition.write_text(text)
        assert kernel.run("6 * 7") == "42"


def test_a_kernel_that_is_installed_and_does_not_start_says_why(small: Small) -> None:
    small.define(argv=["python3", "-c", "import sys; sys.exit('no licence for today')", "{connection_file}"])
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("6 * 7")
        assert "Small is installed, but its kernel ended at once (exit code 1)" in said
        assert "no licence for today" in said
        assert kernel.manager.is_alive()


def test_a_step_that_fails_is_a_message_and_runs_again(small: Small) -> None:
    step = "import pathlib, sys; p = pathlib.Path('ready'); sys.exit(0 if p.exists() else 'not yet')"
    small.define(steps=[["python3", "-c", step]])
    with started("small", small.folder, small.cwd) as kernel:
        said = kernel.run("6 * 7")
        assert "a step of it failed" in said and "not yet" in said
        (small.prefix / "ready").touch()
        assert kernel.run("6 * 7") == "42"


@pytest.mark.skipif(
    not (hasattr(IPKernelApp, "curve_publickey") and hasattr(KernelManager, "transport_encryption")),
    reason="this ipykernel or jupyter_client knows no encryption yet",
)
def test_an_encrypted_kernel_is_encrypted_from_the_start_to_the_end(small: Small) -> None:
    small.slow(2)
    with started("small", small.folder, small.cwd, transport_encryption="required") as kernel:
        assert kernel.manager.get_connection_info()["curve_publickey"]
        said = kernel.run(
            "import ipykernel.kernelapp as k; k.IPKernelApp.instance().curve_publickey is not None"
        )
        assert said == "True"
    with started("small", small.folder, small.cwd, transport_encryption="required") as kernel:
        assert kernel.run("6 * 7") == "42"


def test_ipc_sockets_work_as_well(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.cwd)  # jupyter_client's sockets are where whoever uses them is
    with started("small", small.folder, small.cwd, transport="ipc") as kernel:
        assert kernel.run("6 * 7") == "42"


def test_what_is_not_signed_with_the_kernels_key_is_not_heard(small: Small) -> None:
    small.slow(5)
    with started("small", small.folder, small.cwd) as kernel:
        key, kernel.client.session.key = kernel.client.session.key, b"another"
        forged = kernel.execute("print('forged')")
        kernel.client.shutdown()
        kernel.client.session.key = key
        assert kernel.run("print('signed')") == "signed\n"
        assert not kernel.of(forged)


_SERVER = """
import sys, time
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
specs = KernelSpecManager(kernel_dirs=[sys.argv[1]], ensure_native_kernel=False)
manager = KernelManager(kernel_name="small", kernel_spec_manager=specs, connection_file=sys.argv[2])
manager.start_kernel()
print(manager.provisioner.process.pid, flush=True)
time.sleep(600)
"""


def test_a_kernel_ends_when_its_server_is_killed_and_leaves_nothing(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-c", _SERVER, str(small.folder), str(tmp_path / "connection.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=small.cwd) as server:
        assert server.stdout
        pid = int(server.stdout.readline())
        client = BlockingKernelClient(connection_file=str(tmp_path / "connection.json"))
        client.load_connection_file()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        said: list[str] = []
        told = "import os; print(os.getpid())"
        client.execute_interactive(
            told, timeout=120, output_hook=lambda one: said.append(one["content"].get("text", ""))
        )
        client.stop_channels()
        behind = int("".join(said))
        server.kill()
    end = time.monotonic() + 30
    while lives(pid) or lives(behind):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not list(tmp_path.glob("condadeps-kernel-*"))
