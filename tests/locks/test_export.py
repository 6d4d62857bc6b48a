"""Whatever is installed can be written down, and the tool that owns each format reads it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from condadeps import api
from condadeps.asked.job import Job
from condadeps.errors import CondadepsError, UsageError
from condadeps.record.export import Export
from condadeps.record.export import export as exported
from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow


def export(road: Road, format: str, **how: Any) -> Export:
    """What ``condadeps export`` gives."""
    return exported(Job("export", str(road.prefix), directory=str(road.work)), format=format, **how)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def mixed(road: Road) -> Road:
    """conda's app and six, PyPI's tool."""
    road.install("app", "six=1.0", "tool==1.0")
    return road


def test_an_environment_file_has_what_was_asked_for_and_what_pips_projects_stand_on(mixed: Road) -> None:
    mixed.install("extra", record=False)
    text = export(mixed, "environment-yaml").text
    assert "- app=1.0" in text and "- six=1.0" in text and "- tool==1.0" in text and "- extra=1.0" in text
    mixed.remove("extra", "six", "app", "tool")
    mixed.install("tool==1.0", record=False)
    assert "- six=2.0  # for tool" in export(mixed, "environment-yaml").text


def test_the_extras_that_were_asked_for_are_exported_and_what_they_need_is_not_listed(road: Road) -> None:
    tiny.wheel(road.wheels, "other", "1.0")
    road.install("tool[x]==1.0", record=False)
    text = export(road, "environment-yaml").text
    assert "- tool[x]==1.0" in text and "- other" not in text
    assert '"pip": ["tool[x]"]' in export(road, "conda-lock").text


def test_everything_can_be_exported_though_nobody_asked_for_it(road: Road) -> None:
    road.install("app")
    assert "six" not in export(road, "environment-yaml").text
    assert "- six=2.0" in export(road, "environment-yaml", everything=True).text


def test_an_environment_nobody_asked_anything_of_is_told_by_what_nothing_else_needs(road: Road) -> None:
    road.install("app")
    (road.prefix / "conda-meta" / "history").unlink()
    for path in (road.prefix / "conda-meta").glob("*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "requested_specs": [], "requested_spec": None}))
    text = export(road, "environment-yaml").text
    assert "- app=1.0" in text and "six" not in text


def test_an_explicit_file_has_urls_with_sha256_in_the_order_to_install(mixed: Road) -> None:
    made = export(mixed, "explicit")
    lines = made.text.splitlines()
    assert lines[0] == "# platform: linux-64" and "@EXPLICIT" in lines
    urls = lines[lines.index("@EXPLICIT") + 1 :]
    names = [url.rpartition("/")[2].partition("-")[0] for url in urls]
    assert sorted(names) == ["app", "python", "six"] and names.index("six") < names.index("app")
    app = mixed.channel / "noarch" / "app-1.0-py_0.conda"
    assert f"{app.as_uri()}#{digest(app)}" in urls
    assert made.notes == ("an explicit file holds conda's packages only; not in it: tool 1.0",)
    assert "# not conda's, so not in this file: tool 1.0" in lines


def test_a_pixi_lock_is_read_by_pixis_own_library(mixed: Road, tmp_path: Path) -> None:
    export(mixed, "pixi-lock", output=str(tmp_path / "pixi.lock"))
    told = foreign(
        sys.executable,
        """
        from pathlib import Path
        from rattler.lock import LockFile
        environment = LockFile.from_path(Path(path)).default_environment()
        (platform,) = environment.platforms()
        found = {one.name: [one.location, one.hashes.sha256.hex()] for one in environment.packages(platform)}
        (tool,) = environment.pypi_packages()["linux-64"]
        found["requires"] = tool.requires_dist
        """,
        tmp_path / "pixi.lock",
    )
    wheel, app = mixed.wheels / "tool-1.0-py3-none-any.whl", mixed.channel / "noarch" / "app-1.0-py_0.conda"
    assert told["tool"] == [str(wheel), digest(wheel)]
    assert told["app"] == [str(app), digest(app)]
    assert told.keys() == {"app", "python", "six", "tool", "requires"}
    assert told["requires"] == ["six", "other ; extra == 'x'"]


@pytest.mark.network
def test_a_conda_lock_file_is_read_by_conda_locks_own_model(
    mixed: Road, tmp_path: Path, conda_lock_python: Path
) -> None:
    export(mixed, "conda-lock", output=str(tmp_path / "conda-lock.yml"))
    told = foreign(
        str(conda_lock_python),
        """
        from pathlib import Path
        from conda_lock.lockfile import parse_conda_lock_file
        lock = parse_conda_lock_file(Path(path))
        found = {
            one.name: [one.manager, one.url, one.hash.sha256, one.dependencies] for one in lock.package
        }
        found["channels"] = [channel.url for channel in lock.metadata.channels]
        """,
        tmp_path / "conda-lock.yml",
    )
    wheel, app = mixed.wheels / "tool-1.0-py3-none-any.whl", mixed.channel / "noarch" / "app-1.0-py_0.conda"
    assert told["tool"] == ["pip", wheel.as_uri(), digest(wheel), {"six": ""}]
    assert told["app"] == ["conda", app.as_uri(), digest(app), {"python": f"{tiny.PYTHON}.*", "six": ""}]
    assert told["channels"] == [mixed.channel.as_uri()]


def test_a_pylock_is_read_by_packaging_and_names_condas_projects_too(mixed: Road) -> None:
    import tomllib
    from packaging.pylock import Pylock

    made = export(mixed, "pylock")
    lock = Pylock.from_dict(tomllib.loads(made.text))
    chosen = {package.name: file for package, file in lock.select()}
    assert chosen.keys() == {"app", "six", "tool"}
    for name, version in (("app", "1.0"), ("six", "1.0"), ("tool", "1.0")):
        wheel = mixed.wheels / f"{name}-{version}-py3-none-any.whl"
        assert chosen[name].hashes == {"sha256": digest(wheel)} and chosen[name].url == wheel.as_uri()


def test_requirements_are_pypis_names_of_everything_and_pip_takes_them_with_hashes(
    mixed: Road, tmp_path: Path
) -> None:
    assert export(mixed, "requirements").text.splitlines()[1:] == ["app==1.0", "six==1.0", "tool==1.0"]
    file = tmp_path / "requirements.txt"
    export(mixed, "requirements", hashes=True, output=str(file))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--require-hashes",
         "--report", str(tmp_path / "report.json"), "-q", "-r", str(file)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert {one["metadata"]["name"] for one in report["install"]} == {"app", "six", "tool"}


def test_what_condadeps_did_not_install_is_looked_for_on_the_index_by_its_tags(road: Road) -> None:
    wheel = tiny.wheel(road.wheels, "byhand", "3.0")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(road.prefix / "bin" / "python"), "install", "-q",
         "--no-deps", "byhand"],
        check=True,
    )  # fmt: skip
    text = export(road, "conda-lock").text
    assert wheel.as_uri() in text and digest(wheel) in text


def test_what_cannot_be_had_again_is_left_out_and_told(road: Road, tmp_path: Path) -> None:
    gone = tiny.wheel(tmp_path / "elsewhere", "local", "1.0")
    road.install(str(gone))
    gone.unlink()
    made = export(road, "conda-lock")
    assert "local" not in made.text
    assert made.notes == (f"local 1.0 is left out: it came from {gone.as_uri()}",)


def test_the_command_prints_a_lock_and_nothing_else(mixed: Road) -> None:
    from tests.doors.test_command import condadeps

    done = condadeps("export", "-p", mixed.prefix, "--format", "explicit", cwd=mixed.work)
    assert done.returncode == 0 and done.stdout == export(mixed, "explicit").text
    assert "not in it: tool 1.0" in done.stderr


def test_options_that_do_not_go_together_are_refused(road: Road) -> None:
    with pytest.raises(UsageError):
        export(road, "conda-lock", everything=True)
    with pytest.raises(UsageError):
        export(road, "pylock", hashes=True)


def test_an_export_into_a_folder_that_is_not_there_is_an_error_not_a_crash(road: Road) -> None:
    with pytest.raises(CondadepsError, match="cannot be written"):
        export(road, "environment-yaml", output="no/such/folder/environment.yml")


def test_exports_are_what_the_api_gives_too(road: Road) -> None:
    assert api.export(road.prefix).text.startswith("name: ")


def foreign(python: str, code: str, path: Path) -> dict[str, Any]:
    """What another program finds in the file at ``path``: ``found``, by ``code``."""
    import textwrap

    script = f"import json, os\npath = {str(path)!r}\n{textwrap.dedent(code)}\n"
    script += "print(json.dumps(found), flush=True)\nos._exit(0)"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def test_an_exports_channels_are_in_the_order_in_which_they_are_asked(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few packages the first one gave: with another order a rebuild would take them elsewhere."""
    first, named = road.root / "first", road.root / "named"
    tiny.noarch(first, "own", "1.0")
    tiny.noarch(named, "strange", "1.0")
    tiny.index(first)
    tiny.index(named)
    monkeypatch.setenv("CONDA_CHANNELS", f"{first.as_uri()},{road.channel.as_uri()}")
    road.install("own", "app", record=False)
    road.install("strange", channels=(named.as_uri(),), record=False)
    lines = export(road, "environment-yaml").text.partition("channels:\n")[2].splitlines()
    assert lines[:3] == [f"  - {one.as_uri()}" for one in (named, first, road.channel)]
    monkeypatch.setenv("CONDA_CHANNELS", f"{first.as_uri()},{road.channel.as_uri()},nodefaults")
    assert "- nodefaults\n" in export(road, "environment-yaml").text
