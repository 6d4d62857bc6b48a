"""What is removed goes with what only it needed; what something asked for needs does not go."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.asked.job import Asked, Job
from condadeps.engine import client
from condadeps.errors import ConflictError, NotFoundError, PrefixError, RequestError
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import listing


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """PyPI's ``top`` needs ``middle``, ``middle`` and conda's ``app`` need conda's ``six``."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    tiny.noarch(road.channel, "app", "1.0", depends=["six"])
    tiny.noarch(road.channel, "ipykernel", "1.0", depends=["six"])
    tiny.wheel(road.wheels, "middle", "1.0", requires=["six"])
    tiny.wheel(road.wheels, "top", "1.0", requires=["middle", "six"])
    # As conda has it: the home of the project matplotlib needs the package that has its files.
    tiny.package(road.channel, "matplotlib", "1.0", depends=["matplotlib-base"])
    metadata = "site-packages/matplotlib-1.0.dist-info"
    files = {
        f"{metadata}/METADATA": "Metadata-Version: 2.1\nName: matplotlib\nVersion: 1.0\n",
        f"{metadata}/INSTALLER": "conda\n",
        "site-packages/matplotlib/__init__.py": "",
    }
    tiny.package(road.channel, "matplotlib-base", "1.0", files, depends=["six"], noarch=True)
    tiny.wheel(road.wheels, "seaborn", "1.0", requires=["matplotlib"])
    return road.open()


pytestmark = pytest.mark.slow


def test_what_only_it_needed_goes_too_across_both_worlds(road: Road) -> None:
    road.install("top")
    kept = road.remove("top", keep_dependencies=True, dry_run=True)
    assert changed(kept) == {"-top 1.0"}

    outcome = road.remove("top")
    assert changed(outcome) == {"-top 1.0", "-middle 1.0", "-six 1.0"}
    assert [one.reason for one in outcome.plan.unlink] == ["only top needed it"]
    text = road.file.read_text()
    assert "top" not in text and "six" not in text and "python=" in text
    assert not {path for path in listing(road.prefix) if "top" in path or "middle" in path}


def test_what_was_asked_for_or_is_needed_still_stays(road: Road) -> None:
    road.install("top", "app")
    assert changed(road.remove("top", dry_run=True)) == {"-top 1.0", "-middle 1.0"}
    assert changed(road.remove("top", "app", dry_run=True)) == {
        "-top 1.0",
        "-middle 1.0",
        "-six 1.0",
        "-app 1.0",
    }
    road.install("middle")  # it was there already: only the environment file knows
    assert changed(road.remove("top", "app")) == {"-top 1.0", "-app 1.0"}
    assert "middle" in road.file.read_text()


def test_what_something_asked_for_needs_is_refused_with_the_command_that_would_do_it(road: Road) -> None:
    road.install("top", "app")
    before = listing(road.prefix)
    with pytest.raises(ConflictError) as refused:
        road.remove("six")
    assert refused.value.detail == ("app needs six", "top (pip) needs six")
    assert refused.value.help == f"to remove that too: condadeps remove -p {road.prefix} six app pypi:top"
    assert listing(road.prefix) == before

    outcome = road.remove("six", "app", "pypi:top", dry_run=True)
    assert changed(outcome) == {"-six 1.0", "-app 1.0", "-top 1.0", "-middle 1.0"}
    typed = shlex.split(refused.value.help.partition(": ")[2])
    assert typed[0] == "condadeps"
    subprocess.run([sys.executable, "-m", *typed], check=True, capture_output=True)
    assert not any(road.dist_infos(name) for name in ("six", "app", "top", "middle"))


def test_a_project_goes_with_the_package_that_was_asked_for_and_the_one_that_has_its_files(
    road: Road,
) -> None:
    road.install("matplotlib")
    outcome = road.remove("matplotlib")
    assert changed(outcome) == {"-matplotlib 1.0", "-matplotlib-base 1.0", "-six 1.0"}
    assert "matplotlib" not in road.file.read_text()


def test_a_home_that_only_brings_its_projects_package_is_needed_by_who_needs_the_project(road: Road) -> None:
    road.install("seaborn")
    with pytest.raises(ConflictError) as refused:
        road.remove("matplotlib")
    assert (
        refused.value.help == f"to remove that too: condadeps remove -p {road.prefix} matplotlib pypi:seaborn"
    )
    outcome = road.remove("seaborn")
    assert changed(outcome) == {"-seaborn 1.0", "-matplotlib 1.0", "-matplotlib-base 1.0", "-six 1.0"}


def test_what_the_running_condadeps_needs_is_refused_at_once_from_inside(road: Road) -> None:
    road.install("ipykernel")
    job = Job("remove", str(road.prefix), (Asked("six"),), inside=True)
    with pytest.raises(PrefixError, match="six cannot go: ipykernel needs it, and this Python") as refused:
        client.run(job)
    assert refused.value.detail == ("ipykernel needs six",)
    assert "from another environment" in str(refused.value.help)
    assert changed(road.remove("six", "ipykernel")) == {"-six 1.0", "-ipykernel 1.0"}


def test_what_is_not_installed_or_no_name_is_refused(road: Road) -> None:
    road.install("app")
    with pytest.raises(NotFoundError, match="sixx is not installed") as refused:
        road.remove("sixx")
    assert "near names: six" in refused.value.detail
    with pytest.raises(NotFoundError):
        road.remove("pypi:six")
    with pytest.raises(RequestError, match="without version"):
        road.remove("app>=1")


def test_conda_is_told_what_is_not_asked_for_any_more(road: Road) -> None:
    road.install("app")
    road.remove("app")
    text = (road.prefix / "conda-meta" / "history").read_text()
    last = text[text.rindex("==> ") :].splitlines()
    assert last[1] == "# cmd: condadeps remove app"
    assert last[-1] == "# remove specs: ['app']"
    road.undo()
    text = (road.prefix / "conda-meta" / "history").read_text()
    assert text.splitlines()[-1] == "# update specs: ['app']"


def test_a_pipe_is_never_asked_and_a_terminal_is(road: Road) -> None:
    road.install("app")
    for no in ("n\n", "\x04"):  # Ctrl-D ends the question as Ctrl-C does
        shown = _on_a_terminal(road, no, "remove", "app")
        assert "Do it?" in shown and "nothing was changed" in shown and "Traceback" not in shown
    shown = _on_a_terminal(road, "n\n", "restore")
    assert "Nothing to do" in shown and "Do it?" not in shown
    assert (road.site_packages / "app").exists()
    done = subprocess.run(
        [sys.executable, "-m", "condadeps", "remove", "-p", road.prefix, "app"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "Do it?" not in done.stdout
    assert not (road.site_packages / "app").exists()
    shown = _on_a_terminal(road, "y\n", "undo")
    assert "+ app" in shown and "Do it?" in shown
    assert (road.site_packages / "app").exists()


def _on_a_terminal(road: Road, answer: str, *words: str) -> str:
    """What the command shows to a person who types ``answer``."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "condadeps", *words, "-p", str(road.prefix)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    shown, answered = b"", False
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        try:
            block = os.read(ours, 4096) if ready else b""
        except OSError:
            block = b""  # Linux: the other end is closed
        if not block:
            break
        shown += block
        if not answered and b"Do it?" in shown:
            answered = True
            os.write(ours, answer.encode())
    process.wait(timeout=60)
    os.close(ours)
    return shown.decode()
