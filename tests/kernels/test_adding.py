"""Kernels that install themselves are added, listed and removed by the command, and by the magic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.errors import UsageError
from condadeps.kernels import first_use, offered, place, registered
from tests.doors.test_command import condadeps
from tests.kernels.conftest import Languages, Small

TREE = """
display_name = "Tree"
language = "tree"
conda = ["tree"]
argv = ["tree", "{connection_file}"]
"""


@pytest.fixture
def folder() -> Path:
    """Where this user's kernels are, in the test's own home."""
    return Path("~/.local/share/jupyter/kernels").expanduser()


def test_what_can_be_had_is_listed(folder: Path) -> None:
    done = condadeps("kernels", "available")
    assert done.returncode == 0 and "bash " in done.stdout and "condadeps kernels add NAME" in done.stdout
    listed = json.loads(condadeps("kernels", "available", "--json").stdout)["available"]
    (bash,) = [one for one in listed if one["name"] == "bash"]
    assert bash["conda"] == ["bash_kernel"] and not bash["installed"] and not bash["registered"]


@pytest.mark.slow
def test_a_kernel_is_added_listed_and_removed(folder: Path) -> None:
    done = condadeps("kernels", "add", "bash", "r")
    assert done.returncode == 0, done.stderr
    assert "bash: in the launcher as bash" in done.stdout and "its first start installs it" in done.stdout
    assert "condadeps kernels remove ir takes it away" in done.stdout
    spec = json.loads((folder / "ir" / "kernel.json").read_text())
    assert spec["display_name"] == "R" and spec["metadata"]["condadeps"] == {"first_use": "r"}
    assert spec["argv"][0] == sys.executable and spec["argv"][-2:] == ["r", "{connection_file}"]
    assert (folder / "ir" / "logo-svg.svg").is_file()
    assert "installs itself on first use" in condadeps("kernels").stdout
    assert condadeps("kernels", "list").stdout == condadeps("kernels").stdout
    assert "[in the launcher" in condadeps("kernels", "available").stdout

    assert condadeps("kernels", "add", "r").returncode == 0  # again: the same
    assert condadeps("kernels", "remove", "r", "--dry-run").stdout == "would remove the kernel ir\n"
    done = condadeps("kernels", "remove", "r")
    assert done.stdout == "removed the kernel ir\n" and not (folder / "ir").exists()
    assert condadeps("kernels", "remove", "bash").returncode == 0
    assert json.loads(condadeps("kernels", "--json").stdout) == {"kernels": []}


def test_a_kernel_can_be_added_for_all_users_of_a_jupyter(folder: Path, tmp_path: Path) -> None:
    done = condadeps("kernels", "add", "bash", "--kernel-prefix", tmp_path / "jupyter", "--json")
    (told,) = json.loads(done.stdout)
    assert told["success"] and told["directory"] == str(tmp_path / "jupyter/share/jupyter/kernels/bash")
    assert (Path(told["directory"]) / "kernel.json").stat().st_mode & 0o777 == 0o644
    assert not folder.exists()


def test_kernels_are_found_where_jupyter_is_told_to_look(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_use.add(["bash"], str(tmp_path))
    assert registered.kernels().kernels == ()
    monkeypatch.setenv("JUPYTER_PATH", f"/no/such{os.pathsep}{tmp_path / 'share/jupyter'}")
    assert [one.first_use for one in registered.kernels().kernels] == ["bash"]
    assert "[in the launcher" in str(offered.offers(first_use.names_registered()))


def definition(text: str, name: str = "mine") -> Path:
    """A definition of the user's own."""
    path = Path("~/.config/condadeps/kernels").expanduser() / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_definition_of_ones_own_that_is_added_for_others_comes_with_a_warning(tmp_path: Path) -> None:
    mine = definition(TREE)
    done = condadeps("kernels", "add", "mine", "bash", "--kernel-prefix", tmp_path)
    assert done.returncode == 0 and done.stdout.count("warning:") == 1
    assert f"{mine} is yours: others find no definition of mine, unless it is in /etc" in done.stdout
    assert f"condadeps kernels remove mine --kernel-prefix {tmp_path} takes it away" in done.stdout
    assert "warning" not in condadeps("kernels", "add", "mine").stdout


@pytest.mark.parametrize("wrong", ['conda = ["tree 1 2 3 4=="]', 'conda = ["tree"]\npip = ["six>>2"]'])
def test_a_definition_that_asks_for_nonsense_is_refused_before_it_is_in_the_launcher(
    folder: Path, wrong: str
) -> None:
    path = definition(TREE.replace('conda = ["tree"]', wrong))
    done = condadeps("kernels", "add", "mine")
    assert done.returncode != 0 and "cannot read the request" in done.stderr and str(path) in done.stderr
    assert not folder.exists()


def test_a_kernels_name_that_another_definition_has_is_said(folder: Path) -> None:
    definition(f'{TREE}\nkernel = "ir"')
    assert condadeps("kernels", "add", "r").returncode == 0
    done = condadeps("kernels", "add", "mine")
    assert done.returncode == 2 and "it is that of the definition r" in done.stderr


def test_a_dry_run_adds_nothing(folder: Path) -> None:
    done = condadeps("kernels", "add", "bash", "--dry-run")
    assert done.returncode == 0 and "would be in the launcher as bash" in done.stdout
    assert not folder.exists()


def test_somebody_elses_kernel_is_not_replaced(folder: Path) -> None:
    (folder / "bash").mkdir(parents=True)
    (folder / "bash" / "kernel.json").write_text('{"argv": ["/usr/bin/bash-kernel"]}')
    done = condadeps("kernels", "add", "r", "bash")
    assert done.returncode == 2 and "there is a kernel called bash already" in done.stderr
    assert "/usr/bin/bash-kernel" in done.stderr
    assert not (folder / "ir").exists()  # nothing is done when not all can be


def test_an_unknown_name_is_said_before_anything_is_done(folder: Path) -> None:
    done = condadeps("kernels", "add", "bash", "jula")
    assert done.returncode == 1 and "near: julia" in done.stderr and not folder.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("add",),
        ("remove",),
        ("list", "x"),
        ("install", "r"),
        ("--now",),
        ("add", "r", "--environment"),
        ("add", "r", "--offline"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: tuple[str, ...]) -> None:
    assert condadeps("kernels", *words).returncode == 2


def test_environments_are_where_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.prefix("bash") == Path("~/.local/share/condadeps/kernels/bash").expanduser()
    monkeypatch.setenv("CONDADEPS_DATA_DIR", str(tmp_path / "data"))
    assert place.prefix("bash") == tmp_path / "data/kernels/bash"
    monkeypatch.setenv("CONDADEPS_KERNELS_DIR", str(tmp_path / "languages"))
    assert place.prefix("bash") == tmp_path / "languages/bash"


def test_an_environment_made_by_hand_is_not_removed_with_its_kernel(folder: Path, tmp_path: Path) -> None:
    (folder / "ours").mkdir(parents=True)
    spec = {"argv": [sys.executable], "metadata": {"condadeps": {"prefix": str(tmp_path)}}}
    (folder / "ours" / "kernel.json").write_text(json.dumps(spec))
    with pytest.raises(UsageError, match="made by hand"):
        registered.remove(["ours"], environment=True)
    assert (folder / "ours").exists() and tmp_path.exists()


def test_without_jupyter_client_adding_says_what_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupyter_client", None)
    with pytest.raises(UsageError, match="cannot start kernels: jupyter_client is missing") as caught:
        first_use.add(["bash"])
    assert "pip install jupyter_client" in str(caught.value)


def test_starting_a_kernel_that_is_there_loads_nothing_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import sys\nfrom condadeps.kernels import start, offered, place\n"
        "d = offered.find('bash'); place.is_installed(place.prefix('bash'))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    heavy = {"rattler", "requests", "pip", "rich", "ruamel", "click", "IPython", "zmq", "jupyter_client"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.slow
def test_now_installs_shows_the_plan_before_and_runs_the_first_cell(small: Small) -> None:
    text = small.definition.read_text()
    small.definition.write_text(f'{text}\n[check]\ncode = "6 * 7"\nexpects = "42"\n')
    planned = condadeps("kernels", "add", "small", "--now", "--dry-run")
    assert planned.returncode == 0 and "tree" in planned.stdout and not small.prefix.exists()
    done = condadeps("kernels", "add", "small", "--now")
    assert done.returncode == 0, done.stderr
    assert "tree" in done.stdout and "small: its kernel works (first cell in " in done.stdout
    assert "[installed]" in condadeps("kernels", "available").stdout

    small.definition.write_text(f'{text}\n[check]\ncode = "6 * 7"\nexpects = "43"\n')
    done = condadeps("kernels", "add", "small", "--now", "--json")
    (told,) = json.loads(done.stdout)
    assert done.returncode == 1 and not told["success"] and "said 42, not '43'" in told["check"]

    planned = condadeps("kernels", "remove", "small", "--environment", "--dry-run")
    assert planned.stdout == f"would remove the kernel small and its environment {small.prefix}\n"
    assert small.prefix.exists() and (small.folder / "small").exists()
    removed = condadeps("kernels", "remove", "small", "--environment")
    assert f"removed the kernel small and its environment {small.prefix}" in removed.stdout
    assert not small.prefix.exists() and not (place.waiting_room(small.prefix) / "removed").exists()


@pytest.mark.slow
def test_an_interrupted_add_leaves_nothing_half_done(small: Small) -> None:
    import signal
    import time

    fault = small.slow(90)
    adding = subprocess.Popen(
        [sys.executable, "-m", "condadeps", "kernels", "add", "small", "--now"],
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not fault.hits:
        assert time.monotonic() < end and adding.poll() is None
        time.sleep(0.05)
    adding.send_signal(signal.SIGINT)
    _, said = adding.communicate(timeout=60)
    assert adding.returncode == 1 and "interrupted" in said
    assert not small.prefix.exists()
    assert offered.find("small") and registered.kernels().kernels[0].installed is False


@pytest.mark.slow
def test_a_fresh_user_adds_bash_and_it_works(languages: Languages) -> None:
    done = condadeps("kernels", "add", "bash", "--now")
    assert done.returncode == 0, done.stderr
    assert "bash: its kernel works" in done.stdout
