"""Commands of a site's overrides: run only by the site's word, as argument lists, and taken back whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from condadeps import api
from condadeps.config import places
from condadeps.errors import CancelledError, ConflictError, TransactionError
from condadeps.show.reporter import Silent
from condadeps.transaction.outcome import Outcome, Status
from condadeps.transaction.room import Room
from tests.doors.test_command import condadeps
from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import listing

pytestmark = [pytest.mark.slow]

PATCH = """
try:
    from condadeps.config import places
except ImportError:
    pass
else:
    from pathlib import Path
    places.site_directories = lambda: (Path({site!r}),)
"""


class Heard(Silent):
    """Keeps what a person is told meanwhile."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, message: str) -> None:
        self.notices.append(message)


class Site(Road):
    """A road at a site with a configuration of its own, which no variable of a user can move."""

    allowed = True

    def set_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        etc, patch = self.root / "etc", self.root / "patch"
        etc.mkdir()
        patch.mkdir()
        (patch / "sitecustomize.py").write_text(PATCH.format(site=str(etc)))
        monkeypatch.setenv("PYTHONPATH", str(patch))
        monkeypatch.setattr(places, "site_directories", lambda: (etc,))
        self.says({})
        tiny.package(self.channel, "foo", "1.0", {"lib/foo": "1"})
        tiny.package(self.channel, "bar", "1.0", {"lib/bar": "1"})
        self.open()

    def says(self, rules: dict[str, Any], *, allow: bool = True) -> None:
        path = self.root / "overrides.json"
        path.write_text(json.dumps({"python-3": rules}))
        (self.root / "etc" / "condadeps.toml").write_text(
            f"overrides = {str(path)!r}\nallow_commands = {str(allow).lower()}\n"
        )

    def script(self, code: str) -> list[str]:
        """A command that runs ``code`` in the environment's Python, which PATH has first."""
        return ["python", "-c", code]

    def ask(self, *requests: str, heard: Heard | None = None, **options: Any) -> Outcome:
        return api.install(*requests, prefix=self.prefix, reporter=heard, **options)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    road = Road.at(tmp_path, monkeypatch)
    site = Site(road.root)
    site.set_up(monkeypatch)
    return site


def journal_of(site: Site) -> dict[str, Any]:
    newest = max((Room.of(site.prefix).past).glob("*.json"))
    found: dict[str, Any] = json.loads(newest.read_text())
    return found


def test_they_are_told_run_without_a_shell_and_written_down_with_what_they_said(site: Site) -> None:
    made = site.root / "a $(touch x); b"
    site.says({"conda:foo": [["touch", str(made)], ["echo", "it was", "here > nowhere"]]})
    heard = Heard()
    outcome = site.ask("conda:foo", heard=heard)
    assert outcome.status is Status.CHANGED and made.exists()
    assert (site.prefix / "lib/foo").exists()  # the request goes on
    assert [one.partition(": ")[2] for one in heard.notices] == [
        f"touch '{made}'",
        "echo 'it was' 'here > nowhere'",
    ]
    first, second = journal_of(site)["commands"]
    assert (first["status"], first["output"]) == (0, []) and first["argv"] == ["touch", str(made)]
    assert second["output"] == ["it was here > nowhere"]
    told = str(outcome)
    assert "$ touch" in told and "for foo" in told
    assert "$ echo" in str(api.history(site.prefix))
    assert not list(site.work.glob("x")) and not list(site.prefix.glob("x"))


def test_what_they_bring_counts_as_there(site: Site) -> None:
    [packages] = (site.prefix / "lib").glob("python3.*/site-packages")
    info = packages / "labtool-3.0.dist-info"
    code = (
        f"import pathlib; d = pathlib.Path({str(info)!r}); d.mkdir(); "
        "(d / 'METADATA').write_text('Metadata-Version: 2.1\\nName: labtool\\nVersion: 3.0\\n'); "
        "(d / 'INSTALLER').write_text('pip'); (d / 'RECORD').write_text('')"
    )
    site.says({"labtool": [site.script(code)]})
    outcome = site.ask("pypi:labtool>=2")
    [answer] = outcome.plan.answers
    assert (answer.version, answer.already) == ("3.0", True) and outcome.changed
    assert not outcome.plan.install and "labtool" in site.file.read_text()
    again = site.ask("pypi:labtool>=2")  # met: the door says so, and nothing is run
    assert again.status is Status.UNCHANGED


def test_what_they_replace_is_known_to_who_has_imported_it(site: Site) -> None:
    tiny.wheel(site.wheels, "labtool", "1.0")
    site.says({})
    site.ask("pypi:labtool")
    [packages] = (site.prefix / "lib").glob("python3.*/site-packages")
    old, new = packages / "labtool-1.0.dist-info", packages / "labtool-2.0.dist-info"
    code = (
        f"import pathlib; d = pathlib.Path({str(old)!r}).rename({str(new)!r}); "
        "(d / 'METADATA').write_text('Metadata-Version: 2.1\\nName: labtool\\nVersion: 2.0\\n'); "
        "r = d / 'RECORD'; r.write_text(r.read_text().replace('1.0.dist-info', '2.0.dist-info'))"
    )
    site.says({"labtool": [site.script(code)]})
    outcome = site.ask("pypi:labtool>=2", "conda:foo")
    [replaced] = [one for one in outcome.replaced if one["name"] == "labtool"]
    assert (replaced["old"], replaced["new"]) == ("1.0", "2.0")
    assert str((packages / "labtool" / "__init__.py").resolve()) in replaced["files"]


def test_a_name_that_is_nothing_but_its_commands_is_done_with_them(site: Site) -> None:
    """ipydeps' README has one such name, "labsetup"."""
    made = site.root / "made"
    site.says({"labsetup": [["touch", str(made)]]})
    outcome = site.ask("labsetup", "conda:foo")
    assert made.exists() and (site.prefix / "lib/foo").exists()
    assert any("labsetup is nothing to install" in note for note in outcome.plan.notes)
    assert "labsetup" not in site.file.read_text()


def test_a_dry_run_shows_them_and_runs_nothing(site: Site) -> None:
    made = site.root / "made"
    site.says({"conda:foo": [["touch", str(made)]]})
    before = listing(site.prefix, ignore=())
    outcome = site.ask("conda:foo", dry_run=True)
    assert outcome.status is Status.PLANNED and "$ touch" in str(outcome)
    assert not made.exists() and listing(site.prefix, ignore=()) == before
    shown = condadeps("plan", "-p", site.prefix, "--json", "conda:foo")
    run = json.loads(shown.stdout)["actions"]["RUN"]
    assert run == [{"argv": ["touch", str(made)], "for": "foo"}] and not made.exists()


@pytest.mark.parametrize("who", ["user", "variable", "project"])
def test_nobody_but_the_site_can_allow_them(site: Site, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = site.root / "made"
    site.says({"conda:foo": [["touch", str(made)]]}, allow=False)
    if who == "variable":
        monkeypatch.setenv("CONDADEPS_ALLOW_COMMANDS", "true")
    elif who == "user":
        path = Path(os.environ["HOME"], ".config", "condadeps", "condadeps.toml")
        path.parent.mkdir(parents=True)
        path.write_text("allow_commands = true\n")
    else:
        (site.work / "condadeps.toml").write_text("allow_commands = true\n")
    outcome = site.ask("conda:foo")
    assert not made.exists() and (site.prefix / "lib/foo").exists()
    assert any("were not run" in one and f"touch {made}" in one for one in outcome.warnings)


DAMAGE = (
    "import os, pathlib, sys; p = pathlib.Path(sys.prefix); "
    "f = p / 'lib/foo'; s = f.stat(); f.write_text('9'); os.utime(f, ns=(s.st_atime_ns, s.st_mtime_ns)); "
    "(p / 'lib/bar').unlink(); (p / 'lib/new').mkdir(); (p / 'lib/new/file').write_text('x'); "
    "(p / 'lib/more').symlink_to('foo'); os.chmod(p / 'lib', 0o700); "
    "(p / 'conda-meta' / 'junk.json').write_text('{'); "
)


def damaged(site: Site) -> dict[str, str]:
    """The environment with foo and bar, before any damage."""
    site.ask("conda:foo", "conda:bar", overrides=False)
    return listing(site.prefix)


def test_one_that_fails_is_taken_back_and_what_it_said_is_told(site: Site) -> None:
    before = damaged(site)
    code = DAMAGE + "print('no luck at', 'https://me:hunter2@host/'); sys.exit(3)"
    elsewhere = site.root / "elsewhere"
    site.says({"six": [["touch", str(elsewhere)], site.script(code)]})
    with pytest.raises(TransactionError) as raised:
        site.ask("six")
    told = str(raised.value)
    assert raised.value.data["exit_code"] == 3 and raised.value.data["restored"] is True
    assert "the environment was put back" in told and "no luck at" in told and "hunter2" not in told
    assert f"what was done outside of the environment stays done: touch {elsewhere}; python" in told
    assert listing(site.prefix) == before and elsewhere.exists()
    assert not (site.prefix / "conda-meta/condadeps/current").exists()
    site.says({})
    assert site.ask("conda:foo").status is Status.UNCHANGED


def test_files_of_condas_that_they_change_are_told(site: Site) -> None:
    damaged(site)
    site.says(
        {"conda:foo": [site.script("import pathlib, sys; pathlib.Path(sys.prefix, 'lib/bar').unlink()")]}
    )
    outcome = site.ask("conda:foo", update=True)
    assert "the overrides' commands changed files of conda's bar: lib/bar" in outcome.warnings


def test_a_file_that_the_package_cache_shares_is_mended_there_too(site: Site) -> None:
    damaged(site)
    foo = site.prefix / "lib/foo"
    shared = [path for path in site.root.parent.rglob("lib/foo") if path.samefile(foo) and path != foo]
    site.says({"six": [site.script(DAMAGE + "sys.exit(1)")]})
    with pytest.raises(TransactionError):
        site.ask("six")
    assert foo.read_text() == "1" and all(path.read_text() == "1" for path in shared)


def test_a_later_step_that_fails_takes_them_back_too(site: Site) -> None:
    before = damaged(site)
    site.says({"conda:foo": [site.script(DAMAGE)]})
    with pytest.raises(TransactionError, match="left the environment unusable"):
        site.ask("conda:foo", update=True)
    assert listing(site.prefix) == before
    harmless = site.script("import pathlib, sys; pathlib.Path(sys.prefix, 'lib/left').touch()")
    site.says({"conda:foo": [harmless]})
    with pytest.raises(Exception, match="no-such-thing-anywhere") as raised:
        site.ask("conda:foo", "no-such-thing-anywhere", update=True)
    assert "what was done outside of the environment stays done: python" in str(raised.value)
    assert listing(site.prefix) == before


@pytest.mark.parametrize(
    ("argv", "told"),
    [(["no-such-program-here"], "cannot be started"), (["sh", "-c", "kill -9 $$"], "was ended by a signal")],
)
def test_a_program_that_is_not_there_or_dies_is_a_failure(site: Site, argv: list[str], told: str) -> None:
    before = listing(site.prefix)
    site.says({"conda:foo": [argv]})
    with pytest.raises(TransactionError, match=told):
        site.ask("conda:foo")
    assert listing(site.prefix) == before


def test_they_cannot_ask_and_have_no_notebooks_directory(site: Site) -> None:
    (site.work / "json.py").write_text("raise SystemExit('shadowed')")
    site.says({"conda:foo": [["python", "-c", "import json, sys; assert sys.stdin.read() == ''"]]})
    assert site.ask("conda:foo").changed


def test_what_breaks_the_environments_python_is_taken_back(site: Site) -> None:
    before = listing(site.prefix)
    code = (
        "import pathlib, sys; pathlib.Path(sys.prefix, 'conda-meta').joinpath('x-1-0.json').write_text('{')"
    )
    site.says({"conda:foo": [site.script(code)]})
    with pytest.raises(TransactionError, match="unusable; it was put back"):
        site.ask("conda:foo")
    assert listing(site.prefix) == before


def test_an_interrupt_ends_them_and_puts_the_environment_back(site: Site) -> None:
    before = damaged(site)
    started = site.root / "started"
    code = DAMAGE + f"pathlib.Path({str(started)!r}).touch(); import time; time.sleep(60)"
    site.says({"six": [site.script(code)]})
    main = threading.get_native_id()

    def interrupt() -> None:
        while not started.exists():
            time.sleep(0.02)
        signal.pthread_kill(threading.main_thread().ident or main, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    begun = time.monotonic()
    with pytest.raises(CancelledError, match="put back as it was") as raised:
        site.ask("six")
    assert time.monotonic() - begun < 30 and "stays done: python" in str(raised.value)
    assert listing(site.prefix) == before


def test_after_a_kill_the_next_call_puts_the_environment_back(site: Site) -> None:
    before = damaged(site)
    started, went_on = site.root / "started", site.root / "went on"
    code = (
        DAMAGE + f"pathlib.Path({str(started)!r}).write_text(str(os.getppid())); "
        f"import time; time.sleep(5); pathlib.Path({str(went_on)!r}).touch()"
    )
    site.says({"six": [site.script(code)]})
    words = [sys.executable, "-m", "condadeps", "install", "-p", str(site.prefix), "six"]
    door = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (started.exists() and started.read_text()):
        assert door.poll() is None
        time.sleep(0.02)
    assert listing(site.prefix) != before
    os.kill(int(started.read_text()), signal.SIGKILL)
    door.communicate(timeout=60)
    site.says({})
    heard = Heard()
    again = site.ask("conda:foo", heard=heard, update=True)
    assert again.status is Status.UNCHANGED
    [told] = [one for one in heard.notices if "cut short" in one]
    assert "was put back" in told and "stays done: python -c" in told
    assert listing(site.prefix) == before
    time.sleep(max(0.0, 5 - (time.time() - started.stat().st_mtime)))
    if sys.platform == "linux":
        assert not went_on.exists()  # it ended with the engine


def test_undo_takes_back_the_rest_and_says_that_they_stay(site: Site) -> None:
    site.says({"conda:foo": [["echo", "hello"]], "labsetup": [["echo", "there"]]})
    site.ask("conda:foo")
    undone = api.undo(prefix=site.prefix)
    assert not (site.prefix / "lib/foo").exists()
    assert any("commands did is not undone: echo hello" in one for one in undone.warnings)
    site.ask("labsetup")
    with pytest.raises(ConflictError, match="only ran commands"):
        api.undo(prefix=site.prefix)
