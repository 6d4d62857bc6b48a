"""A lock rebuilds what it was made from, file by file; what is tampered with or clashes is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import condadeps
from condadeps import verbs
from condadeps.arguments import read
from condadeps.asked.job import Job
from condadeps.errors import ConfigError, ConflictError, HashError, RequestError, UsageError
from condadeps.record.export import environment_yaml
from condadeps.record.export import export as exported
from condadeps.transaction.outcome import Outcome
from tests.transaction import tiny
from tests.transaction.road import Road, changed

pytestmark = pytest.mark.slow

FILES = {"explicit": "explicit.txt", "conda-lock": "conda-lock.yml", "pixi-lock": "pixi.lock"}


def locked(road: Road, format: str, name: str = "") -> Path:
    """A lock of the road's environment."""
    path = road.work / (name or {**FILES, "pylock": "pylock.toml"}[format])
    exported(Job("export", str(road.prefix), directory=str(road.work)), format=format, output=str(path))
    return path


def call(*words: str | Path) -> Outcome:
    """What the command does with ``words``."""
    done = verbs.carry_out(read([str(word) for word in words]), (), Path.cwd(), None)
    assert isinstance(done, Outcome)
    return done


def contents(prefix: Path) -> dict[str, Any]:
    """conda's packages by URL and hash, and pip's by project, version and what they consist of."""
    found: dict[str, Any] = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text())
        depends = sorted(record["depends"])
        found[record["name"]] = (record["url"], record["sha256"], record["build_number"], depends)
    for path in sorted(prefix.glob("lib/python3.*/site-packages/*.dist-info/RECORD")):
        rows = [row.split(",")[:2] for row in path.read_text().splitlines()]
        found[path.parent.name] = sorted(row for row in rows if not row[0].endswith((".pyc", "/REQUESTED")))
    return found


def projects(prefix: Path) -> list[str]:
    """The Python projects and their versions, whoever brought them."""
    return sorted(
        path.name[: -len(".dist-info")] for path in prefix.glob("lib/python3.*/site-packages/*.dist-info")
    )


@pytest.fixture
def mixed(road: Road) -> Road:
    """conda's app and six, PyPI's tool."""
    road.install("app", "six=1.0", "tool==1.0", record=False)
    return road


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock"])
def test_a_lock_of_both_managers_rebuilds_equal_records_and_files(mixed: Road, format: str) -> None:
    lock = locked(mixed, format)
    rebuilt = mixed.root / "rebuilt"
    outcome = call("create", "-p", rebuilt, "--bare", "-f", lock)
    assert changed(outcome) >= {"+app 1.0", "+six 1.0", "+tool 1.0"}
    assert contents(rebuilt) == contents(mixed.prefix)
    assert not (mixed.work / "environment.yml").exists()


def test_what_a_lock_brought_is_exported_after_something_was_asked_for_too(mixed: Road) -> None:
    rebuilt = mixed.root / "rebuilt"
    call("create", "-p", rebuilt, "--bare", "-f", locked(mixed, "conda-lock"))
    condadeps.install("extra", prefix=rebuilt, record=False)
    text = environment_yaml(rebuilt).text
    assert "- extra=1.0" in text and "- app=1.0" in text and "- tool==1.0" in text


def test_what_was_asked_for_of_a_lock_counts_as_asked_for_where_it_is_followed(mixed: Road) -> None:
    rebuilt = mixed.root / "rebuilt"
    call("create", "-p", rebuilt, "--bare", "-f", locked(mixed, "conda-lock"))
    outcome = condadeps.remove("app", prefix=rebuilt, dry_run=True)
    assert changed(outcome) == {"-app 1.0"} and not outcome.plan.notes
    with pytest.raises(ConflictError) as failure:  # six=1.0 was asked for
        condadeps.install("late", prefix=rebuilt, dry_run=True)
    assert "six=1.0 was asked for earlier" in str(failure.value)
    again = rebuilt / "conda-lock.yml"
    exported(Job("export", str(rebuilt), directory=str(rebuilt)), format="conda-lock", output=str(again))
    told = re.findall(r"condadeps-asked-\S+: .*", again.read_text())
    assert told == re.findall(r"condadeps-asked-\S+: .*", locked(mixed, "conda-lock").read_text())


def test_what_is_locked_from_a_file_tells_what_the_file_asks_for(road: Road) -> None:
    made = condadeps.lock("app", "six<2", "tool==1.0").text
    asked = re.search(r"condadeps-asked-\S+: '(.*)'", made)
    assert asked and json.loads(asked[1]) == {"conda": ["app", "six<2"], "pip": ["tool==1.0"]}


def test_where_a_lock_does_not_tell_only_what_is_named_is_removed(mixed: Road) -> None:
    rebuilt = mixed.root / "rebuilt"
    call("create", "-p", rebuilt, "--bare", "-f", locked(mixed, "explicit"))
    outcome = condadeps.remove("app", prefix=rebuilt, record=False)
    assert changed(outcome) == {"-app 1.0"}
    assert outcome.plan.notes == (
        "six stays: explicit.txt does not tell whether anybody asked for that; "
        f"to remove it too: condadeps remove -p {rebuilt} six",
    )
    assert "custom_metadata" not in condadeps.export(rebuilt, format="conda-lock").text
    assert changed(condadeps.remove("six", prefix=rebuilt, record=False)) == {"-six 1.0"}


def test_an_explicit_file_rebuilds_condas_part(mixed: Road) -> None:
    lock = locked(mixed, "explicit")
    call("create", "-p", mixed.root / "rebuilt", "--bare", "-f", lock)
    there = contents(mixed.prefix)
    assert contents(mixed.root / "rebuilt") == {
        name: what for name, what in there.items() if not name.startswith("tool")
    }


def test_a_pylock_rebuilds_the_python_projects_by_their_files(mixed: Road) -> None:
    lock = locked(mixed, "pylock")
    rebuilt = mixed.root / "rebuilt"
    outcome = call("create", "-p", rebuilt, "--bare", "-f", lock)
    assert {"+app 1.0", "+six 1.0", "+tool 1.0"} <= changed(outcome)
    assert {str(one.artifact.project) for one in outcome.plan.install} == {"app", "six", "tool"}
    assert contents(rebuilt)["tool-1.0.dist-info"] == contents(mixed.prefix)["tool-1.0.dist-info"]
    assert [str(one.package.name) for one in outcome.plan.link] == ["python"]


def test_requirements_and_an_environment_file_rebuild_the_same_versions(mixed: Road) -> None:
    for format, name in (("requirements", "requirements.txt"), ("environment-yaml", "environment.yml")):
        lock = locked(mixed, format, name)
        rebuilt = mixed.root / f"from-{format}"
        call("create", "-p", rebuilt, "--bare", "-f", lock)
        assert projects(rebuilt) == projects(mixed.prefix) == ["app-1.0", "six-1.0", "tool-1.0"]


@pytest.mark.parametrize("format", ["explicit", "conda-lock", "pixi-lock"])
def test_a_tampered_hash_of_a_conda_package_is_refused(mixed: Road, format: str) -> None:
    lock = locked(mixed, format)
    digest = tiny.sha256((mixed.channel / "noarch" / "app-1.0-py_0.conda").read_bytes())
    lock.write_text(lock.read_text().replace(digest, "f" * 64))
    with pytest.raises(HashError, match=r"app-1\.0"):
        call("create", "-p", mixed.root / "rebuilt", "--bare", "-f", lock)
    assert not (mixed.root / "rebuilt").exists()


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock", "pylock"])
def test_a_tampered_hash_of_a_wheel_is_refused(mixed: Road, format: str) -> None:
    lock = locked(mixed, format)
    digest = tiny.sha256((mixed.wheels / "tool-1.0-py3-none-any.whl").read_bytes())
    lock.write_text(lock.read_text().replace(digest, "f" * 64))
    with pytest.raises(HashError, match=r"tool-1\.0"):
        call("create", "-p", mixed.root / "rebuilt", "--bare", "-f", lock)
    assert not (mixed.root / "rebuilt").exists()


def test_an_md5_alone_is_checked_too(mixed: Road) -> None:
    lock = locked(mixed, "explicit")
    lock.write_text(
        re.sub("#.*$", "#" + "f" * 32, lock.read_text(), flags=re.MULTILINE).replace("#", "@EXPLICIT\n#", 1)
    )
    with pytest.raises(HashError):
        call("create", "-p", mixed.root / "rebuilt", "--bare", "-f", lock)


def test_a_living_environment_gets_what_a_lock_has_and_keeps_the_rest(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    mixed.install("six=2.0", "tool==2.0", "extra", record=False)
    outcome = call("install", "-p", mixed.prefix, "-f", lock)
    assert changed(outcome) == {"+six 1.0", "+tool 1.0"}
    assert (mixed.prefix / "conda-meta" / "extra-1.0-py_0.json").exists()
    assert not call("install", "-p", mixed.prefix, "-f", lock).changed


def test_a_lock_is_itself_the_record_of_what_it_brings(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    mixed.install("six=2.0")
    assert "- six=2.0" in mixed.file.read_text()
    outcome = call("install", "-p", mixed.prefix, "-f", lock)
    text = mixed.file.read_text()
    assert "- six=1.0" in text and "app" not in text, "what is listed stays true; what is not is the lock's"
    assert any("the lock is itself the record" in note for note in outcome.plan.notes)
    again = call("install", "-p", mixed.prefix, "-f", lock)
    assert not again.changed and again.plan.notes == ()


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock", "explicit"])
def test_a_lock_of_another_machine_is_refused_and_can_be_said_to_be_for_this_one(
    road: Road, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Virtual packages (CEP 30) are asked for as a solve would, with CONDA_OVERRIDE_* heeded."""
    tiny.noarch(road.channel, "gpu", "1.0", depends=["__cuda >=12"])
    tiny.noarch(road.channel, "new", "1.0", depends=["__glibc >=99"])
    tiny.index(road.channel)
    with monkeypatch.context() as there:
        there.setenv("CONDA_OVERRIDE_CUDA", "12.4")
        there.setenv("CONDA_OVERRIDE_GLIBC", "99.1")
        road.install("gpu", "new", record=False)
        lock = locked(road, format)
        call("create", "-p", road.root / "same", "--bare", "-f", lock)
    with pytest.raises(ConflictError, match="is not for this machine") as refused:
        call("create", "-p", road.root / "other", "--bare", "-f", lock)
    assert "gpu 1.0 needs __cuda >=12, which is not here" in refused.value.detail
    assert any(line.startswith("new 1.0 needs __glibc >=99; here it is ") for line in refused.value.detail)
    assert "CONDA_OVERRIDE_CUDA" in (refused.value.help or "")
    assert not (road.root / "other").exists()


@pytest.mark.parametrize("tag", ["py3-none-win_amd64", "cp27-cp27m-any"])
def test_a_wheel_for_another_platform_or_python_is_refused_before_anything_is_fetched(
    mixed: Road, tag: str
) -> None:
    wheel = mixed.wheels / "tool-1.0-py3-none-any.whl"
    wheel.rename(wheel.with_name(f"tool-1.0-{tag}.whl"))
    lock = locked(mixed, "conda-lock")
    lock.write_text(
        lock.read_text()
        + f"""\
- name: tool
  version: '1.0'
  manager: pip
  platform: linux-64
  dependencies: {{}}
  url: {wheel.with_name(f"tool-1.0-{tag}.whl").as_uri()}
  hash:
    sha256: {tiny.sha256(wheel.with_name(f"tool-1.0-{tag}.whl").read_bytes())}
  category: main
  optional: false
"""
    )
    with pytest.raises(ConflictError, match="is not for this platform and Python"):
        call("create", "-p", mixed.root / "rebuilt", "--bare", "--trust", "-f", lock)
    assert not (mixed.root / "rebuilt").exists()


def test_a_lock_that_would_break_what_is_there_is_refused(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    tiny.noarch(mixed.channel, "needy", "1.0", depends=["six >=2"])
    tiny.index(mixed.channel)
    mixed.install("needy", "six", record=False)
    with pytest.raises(ConflictError, match="does not go with") as refused:
        call("install", "-p", mixed.prefix, "-f", lock)
    assert "needy needs six >=2, not 1.0" in refused.value.detail


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock"])
def test_sync_removes_what_is_not_in_the_lock_and_shows_it_first(mixed: Road, format: str) -> None:
    lock, before = locked(mixed, format), contents(mixed.prefix)
    tiny.wheel(mixed.wheels, "alien", "1.0")
    mixed.install("six=2.0", "extra", "alien", record=False)
    dry = call("sync", "-p", mixed.prefix, "-f", lock, "--dry-run")
    outcome = call("sync", "-p", mixed.prefix, "-f", lock)
    assert changed(dry) == changed(outcome) == {"+six 1.0", "-extra 1.0", "-alien 1.0"}
    assert contents(mixed.prefix) == before
    mixed.undo()
    assert (mixed.prefix / "conda-meta" / "extra-1.0-py_0.json").exists()


def test_sync_leaves_the_condadeps_of_an_environment_which_no_lock_of_it_names(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    tiny.wheel(mixed.wheels, "condadeps", "0.1.0", requires=["other"])
    tiny.wheel(mixed.wheels, "other", "1.0")
    tiny.wheel(mixed.wheels, "more", "1.0")
    mixed.install("condadeps", "more", record=False)
    outcome = call("sync", "-p", mixed.prefix, "-f", lock)
    assert changed(outcome) == {"-more 1.0"}
    assert outcome.plan.notes[0].startswith("condadeps (pip) stays, though conda-lock.yml has it not")


def test_sync_with_a_pylock_leaves_condas_packages_alone(mixed: Road) -> None:
    lock = locked(mixed, "pylock")
    tiny.wheel(mixed.wheels, "alien", "1.0")
    mixed.install("extra", "alien", "tool==2.0", record=False)
    outcome = call("sync", "-p", mixed.prefix, "-f", lock)
    assert changed(outcome) == {"+tool 1.0", "-alien 1.0"}
    mixed.install("six=2.0", record=False)
    with pytest.raises(ConflictError, match=r"here conda's six has 2\.0"):
        call("sync", "-p", mixed.prefix, "-f", lock)


def test_a_lock_may_not_say_where_things_come_from(mixed: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file at a configured place is taken; what is nowhere here takes --trust."""
    lock = locked(mixed, "conda-lock")
    mirror = mixed.root / "mirror"
    mixed.channel.rename(mirror)
    monkeypatch.setenv("CONDA_CHANNELS", mirror.as_uri())
    tiny.index(mirror)
    outcome = call("create", "-p", mixed.root / "mirrored", "--bare", "-f", lock)
    assert all(one.package.url.startswith(mirror.as_uri()) for one in outcome.plan.link)

    empty = mixed.root / "empty"
    tiny.package(empty, "nothing", "1.0")
    tiny.index(empty)
    monkeypatch.setenv("CONDA_CHANNELS", empty.as_uri())
    mirror.rename(mixed.channel)
    with pytest.raises(ConfigError, match="names the channel"):
        call("create", "-p", mixed.root / "refused", "--bare", "-f", lock)
    call("create", "-p", mixed.root / "trusted", "--bare", "--trust", "-f", lock)

    monkeypatch.setenv("CONDA_CHANNELS", mixed.channel.as_uri())
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty))
    with pytest.raises(ConfigError, match="which no index here has"):
        call("create", "-p", mixed.root / "refused", "--bare", "-f", lock)


def test_pins_hold_against_a_lock_too(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    mixed.install("six=2.0", record=False)
    (mixed.prefix / "conda-meta" / "pinned").write_text("six >=2\n")
    with pytest.raises(ConflictError, match="is pinned here"):
        call("install", "-p", mixed.prefix, "-f", lock)


def test_a_lock_is_followed_alone_and_for_its_own_platform(mixed: Road) -> None:
    lock = locked(mixed, "conda-lock")
    with pytest.raises(UsageError, match="followed exactly"):
        call("create", "-p", mixed.root / "rebuilt", "-f", lock, "-f", "environment.yml")
    lock.write_text(lock.read_text().replace("linux-64\n", "osx-arm64\n").replace("linux-64:", "osx-arm64:"))
    with pytest.raises(RequestError, match="is not for linux-64; it is for osx-arm64"):
        call("create", "-p", mixed.root / "rebuilt", "--bare", "-f", lock)


_ENTRY = """\
version: 1
metadata:
  platforms: [linux-64]
  channels: []
package:
- name: six
  version: '1.0'
  manager: conda
  platform: linux-64
  url: https://host.invalid/channel/noarch/six-1.0-py_0.conda
  hash:
    {hash}
  optional: false
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conda-lock.yml", "version: 7\nmetadata: {}\npackage: []\n"),
        ("conda-lock.yml", "version: 1\nmetadata: [\npackage:\n"),
        (
            "conda-lock.yml",
            "version: 1\nmetadata:\n  platforms: [linux-64]\n  channels: []\npackage:\n- {}\n",
        ),
        ("conda-lock.yml", _ENTRY.format(hash="sha256: " + "0" * 64)),
        ("conda-lock.yml", _ENTRY.format(hash="sha256: abc")),
        ("pylock.toml", "lock-version = '2.0'\n"),
        ("pylock.toml", "what is this"),
        ("pylock.toml", "lock-version = '1.0'\n[[packages]]\nname = 'six'\n"),
        ("pixi.lock", "version: 6\nenvironments: 3\n"),
        ("spec.txt", "@EXPLICIT\nnumpy=1.0\n"),
    ],
)
def test_a_broken_lock_is_an_error_that_names_the_file(road: Road, name: str, text: str) -> None:
    (road.work / name).write_text(text)
    with pytest.raises(RequestError, match=re.escape(name)):
        call("create", "-p", road.root / "rebuilt", "--bare", "-f", name)
    assert not (road.root / "rebuilt").exists()
