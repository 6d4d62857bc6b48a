"""What is written down of what was asked for."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from condadeps.errors import RecordError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record.constraints import Pin
from condadeps.record.environment import Recorded, holds, write
from condadeps.solve.plan import Answer, Needed


def conda(name: str, version: str, constraint: str = "", **more: object) -> Answer:
    return replace(Answer(f"{name}{constraint}", "cell", "conda", name, version, constraint), **more)  # type: ignore[arg-type]


def pip(name: str, version: str, constraint: str = "", **more: object) -> Answer:
    return replace(Answer(f"{name}{constraint}", "cell", "pip", name, version, constraint), **more)  # type: ignore[arg-type]


def needed(name: str, version: str, *by: str) -> Needed:
    return Needed(PackageName(name), version, by)


def record(
    path: Path,
    *answers: Answer,
    needs: tuple[Needed, ...] = (),
    environment: str = "demo",
    python: str | None = "3.11",
    channels: tuple[str, ...] = ("conda-forge",),
    pin: Pin = "exact",
) -> Recorded:
    return write(
        path,
        environment=environment,
        python=python,
        channels=channels,
        answers=answers,
        needed=needs,
        pin=pin,
    )


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "notebooks").mkdir()
    return tmp_path / "notebooks" / "environment.yml"


PANDAS = conda("pandas", "3.1.1", project=ProjectName("pandas"))
SEABORN = pip("seaborn", "0.13.2", project=ProjectName("seaborn"))
RICH = conda("rich", "14.1.0", ">=13", project=ProjectName("rich"))
MATPLOTLIB = needed("matplotlib", "3.10.7", "seaborn")

FIRST = """\
name: demo
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pandas=3.1.1
  - matplotlib=3.10.7  # for seaborn
  - rich>=13
  - pip
  - pip:
      - seaborn==0.13.2
"""


def test_a_new_file_says_what_was_asked_for_and_what_pip_needs_of_conda(path: Path) -> None:
    assert record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,)) == Recorded(path, True)
    assert path.read_text() == FIRST
    assert [file.name for file in path.parent.iterdir()] == ["environment.yml"]


def test_without_pip_projects_there_is_no_pip(path: Path) -> None:
    record(path, PANDAS, python=None, channels=())
    assert path.read_text() == "name: demo\ndependencies:\n  - pandas=3.1.1\n"


def test_the_same_again_changes_nothing_and_touches_nothing(path: Path) -> None:
    record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,))
    before = path.stat()
    again = [replace(answer, already=True) for answer in (PANDAS, SEABORN, RICH)]
    assert record(path, *again) == Recorded(path, False)
    assert record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,)) == Recorded(path, False)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert path.read_text() == FIRST


def test_a_repeated_request_updates_its_line(path: Path) -> None:
    record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,))
    record(
        path,
        conda("pandas", "3.2.0"),
        pip("seaborn", "0.14.0"),
        conda("rich", "14.1.0", ">=14"),
        needs=(needed("matplotlib", "3.11.0", "seaborn"),),
    )
    assert path.read_text() == (
        FIRST.replace("pandas=3.1.1", "pandas=3.2.0")
        .replace("0.13.2", "0.14.0")
        .replace("3.10.7", "3.11.0")
        .replace("rich>=13", "rich>=14")
    )


def test_what_pip_needs_leaves_when_nothing_needs_it(path: Path) -> None:
    record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,))
    record(path, pip("seaborn", "0.14.0"))
    assert "matplotlib" not in path.read_text()
    assert "seaborn==0.14.0" in path.read_text()


def test_what_pip_needs_leaves_with_the_project_that_conda_takes_over(path: Path) -> None:
    record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,))
    record(path, conda("seaborn", "0.13.2", project=ProjectName("seaborn")))
    assert path.read_text() == FIRST.replace("  - matplotlib=3.10.7  # for seaborn\n", "").replace(
        "  - pip\n  - pip:\n      - seaborn==0.13.2\n", "  - seaborn=0.13.2\n  - pip\n"
    )


def test_another_request_leaves_what_pip_needs(path: Path) -> None:
    record(path, SEABORN, needs=(MATPLOTLIB,))
    record(path, RICH, replace(SEABORN, already=True))
    assert "matplotlib=3.10.7  # for seaborn" in path.read_text()


def test_what_several_projects_need_stays_until_the_last_has_gone(path: Path) -> None:
    statsmodels = pip("statsmodels", "0.14.5")
    both = needed("scipy", "1.17.0", "seaborn", "statsmodels")
    record(path, SEABORN, statsmodels, needs=(both,))
    assert "scipy=1.17.0  # for seaborn, statsmodels\n" in path.read_text()
    record(path, conda("seaborn", "0.13.2", project=ProjectName("seaborn")))
    assert "scipy=1.17.0  # for statsmodels\n" in path.read_text()
    record(path, statsmodels)
    assert "scipy" not in path.read_text()


def test_what_is_asked_for_by_name_is_no_longer_there_for_another(path: Path) -> None:
    record(path, SEABORN, needs=(MATPLOTLIB,))
    record(path, conda("matplotlib", "3.10.7"))
    assert "  - matplotlib=3.10.7\n" in path.read_text()
    record(path, conda("seaborn", "0.13.2", project=ProjectName("seaborn")))
    assert "  - matplotlib=3.10.7\n" in path.read_text()


def test_extras_of_a_conda_package_are_rebuilt_too(path: Path) -> None:
    uvicorn = conda("uvicorn", "0.38.0", extras=("standard",), project=ProjectName("uvicorn"))
    record(path, uvicorn, needs=(needed("httptools", "0.7.1", "uvicorn[standard]"),))
    expected = (
        "  - uvicorn=0.38.0\n  - httptools=0.7.1  # for uvicorn[standard]\n"
        "  - pip\n  - pip:\n      - uvicorn[standard]\n"
    )
    assert path.read_text().endswith(expected)
    assert holds(path, [uvicorn])
    record(path, replace(uvicorn, already=True), replace(uvicorn, extras=(), already=True))
    assert path.read_text().endswith(expected)
    assert not holds(path, [replace(uvicorn, extras=("other",))])


def test_what_is_wanted_on_other_platforms_only_is_recorded_with_its_marker(path: Path) -> None:
    record(path, conda("colorama", "0.4.6"))
    elsewhere = pip("colorama", "", marker='sys_platform == "win32"')
    record(path, elsewhere)
    assert "  - colorama=0.4.6\n" in path.read_text()
    assert '- colorama; sys_platform == "win32"\n' in path.read_text()
    assert holds(path, [elsewhere])


def test_a_project_that_pip_takes_over_leaves_the_conda_list(path: Path) -> None:
    record(path, conda("pytorch", "2.9.0", project=ProjectName("torch")))
    record(path, pip("torch", "2.10.0", "==2.10.0"))
    assert "pytorch" not in path.read_text()
    assert "- torch==2.10.0" in path.read_text()


def test_a_namesake_that_is_another_thing_stays(path: Path) -> None:
    record(path, conda("graphviz", "14.0.0"))
    record(path, pip("graphviz", "0.21"))
    assert "- graphviz=14.0.0\n" in path.read_text()
    assert "- graphviz==0.21\n" in path.read_text()
    record(path, conda("graphviz", "14.1.0"))
    assert "- graphviz==0.21\n" in path.read_text()


@pytest.mark.parametrize(
    ("pin", "pandas", "seaborn", "tzdata"),
    [
        ("exact", "pandas=3.1.1", "seaborn==0.13.2", "tzdata=2025b"),
        ("minor", "pandas=3.1", "seaborn==0.13.*", "tzdata=2025b"),
        ("compatible", "pandas>=3.1.1,<4", "seaborn>=0.13.2,<0.14", "tzdata=2025b"),
        ("none", "pandas", "seaborn", "tzdata"),
    ],
)
def test_the_version_of_a_bare_request_is_written_as_told(
    path: Path, pin: Pin, pandas: str, seaborn: str, tzdata: str
) -> None:
    record(path, PANDAS, SEABORN, conda("tzdata", "2025b"), RICH, pin=pin)
    text = path.read_text()
    for line in (pandas, seaborn, tzdata, "rich>=13"):
        assert f"- {line}\n" in text
    assert holds(path, [PANDAS, SEABORN, RICH])


def test_extras_markers_and_urls_are_recorded_for_pip(path: Path) -> None:
    record(
        path,
        pip("uvicorn", "0.38.0", "~=0.30", extras=("standard",)),
        pip("colorama", "0.4.6", marker='sys_platform == "win32"'),
        pip("tool", "1.0", " @ https://host/tool-1.0-py3-none-any.whl"),
    )
    assert path.read_text().partition("- pip:\n")[2] == (
        "      - uvicorn[standard]~=0.30\n"
        '      - colorama==0.4.6; sys_platform == "win32"\n'
        "      - tool @ https://host/tool-1.0-py3-none-any.whl\n"
    )
    record(path, pip("uvicorn", "0.38.0", extras=("watch",)))
    assert "- uvicorn[standard,watch]~=0.30\n" in path.read_text()


def test_specs_are_recorded_in_condas_grammar(path: Path) -> None:
    record(
        path,
        conda("samtools", "1.22", "=1.22", channel="bioconda"),
        conda("numpy", "2.3.0", ">=2,<3"),
        conda("openblas", "0.3.30", "=*=pthreads*"),
        conda("python", "3.11.9"),
        channels=("conda-forge", "bioconda"),
    )
    text = path.read_text()
    assert "channels:\n  - conda-forge\n  - bioconda\ndependencies:\n" in text
    for line in ("bioconda::samtools=1.22", "numpy>=2,<3", "openblas=*=pthreads*", "python=3.11"):
        assert f"  - {line}\n" in text
    assert text.count("python") == 1


def test_no_credentials_are_ever_written(path: Path) -> None:
    written = record(
        path,
        conda("tool", "1", channel="https://me:hunter2@host/team"),
        pip("other", "1", " @ https://me:hunter2@host/other-1-py3-none-any.whl?token=hunter2"),
        pip("third", "1", " @ git+ssh://git@host/third.git"),
        channels=("https://host/t/hunter2/team", "https://me:hunter2@host/team", "conda-forge"),
    )
    text = path.read_text()
    assert "hunter2" not in text
    assert "channels:\n  - https://host/team\n  - conda-forge\n" in text
    assert "- other @ https://host/other-1-py3-none-any.whl\n" in text
    assert "- third @ git+ssh://git@host/third.git\n" in text
    assert len(written.warnings) == 3
    assert not any("hunter2" in warning for warning in written.warnings)


def test_another_environments_file_is_left_alone_and_another_place_named(path: Path) -> None:
    path.write_text("name: other\ndependencies:\n- pandas\n")
    written = record(path, RICH)
    assert not written.changed
    assert written.declined is not None
    assert "'other'" in written.declined
    assert "'demo'" in written.declined
    assert "--env-file" in written.declined
    assert path.read_text() == "name: other\ndependencies:\n- pandas\n"


def test_the_file_this_program_writes_is_read_without_a_yaml_library(path: Path) -> None:
    from condadeps.record import glance

    for name in ("demo", "X", "env-3.11", "3.11"):
        path.unlink(missing_ok=True)
        record(path, PANDAS, SEABORN, RICH, needs=(MATPLOTLIB,), environment=name)
        record(path, pip("uvicorn", "0.38", "~=0.30", extras=("standard",)), environment=name)
        said = glance._plain(path.read_text())
        assert (said is not None) == (name != "3.11")
        assert holds(path, [PANDAS], environment=name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a: [1\n", "is not YAML"),
        (b"- pandas\n", "no mapping"),
        (b"pandas\n", "no mapping"),
        (b"dependencies: pandas\n", "'dependencies:' is not a list"),
        (b"dependencies: {a: b}\n", "'dependencies:' is not a list"),
        (b"channels: a\n", "'channels:' is not a list"),
        (b"dependencies:\n- pip: seaborn\n", "'pip:' is not a list"),
        (b"dependencies: []\ndependencies: []\n", "twice"),
        (b"--- \na: 1\n---\nb: 2\n", "is not YAML"),
        (b"a: \xff\n", "is not UTF-8"),
        (b"x: " + b"[" * 5000, "is not YAML"),
        (b"\x00", "is not YAML"),
    ],
)
def test_what_is_no_environment_file_is_refused_and_loses_nothing(
    path: Path, content: bytes, why: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        record(path, PANDAS)
    assert why in caught.value.message
    assert str(path) in caught.value.message
    assert path.read_bytes() == content
    assert not holds(path, [PANDAS])


def test_a_place_that_cannot_be_written_is_refused(path: Path) -> None:
    for bad in (path.parent / "nowhere" / "environment.yml", path.parent, path.parent / ("x" * 300)):
        with pytest.raises(RecordError):
            record(bad, PANDAS)
        assert not holds(bad, [PANDAS])


def test_an_environment_of_any_name_gets_its_file(path: Path) -> None:
    for name in ("my env", "a: b", "3.11", "null", "ümlaut", "it's", "-", "#1"):
        path.unlink(missing_ok=True)
        record(path, PANDAS, environment=name)
        assert not record(path, PANDAS, environment=name).changed
        assert record(path, PANDAS, environment="another").declined is not None


def test_all_that_is_recorded_holds(path: Path) -> None:
    answers = [PANDAS, SEABORN, RICH, pip("uvicorn", "0.38", extras=("standard",))]
    assert not holds(path, answers)
    record(path, *answers, needs=(MATPLOTLIB,))
    assert holds(path, answers)
    assert holds(path, answers, environment="demo")
    assert not holds(path, answers, environment="other")
    assert not holds(path, [conda("pandas", "3.2.0")])
    assert not holds(path, [conda("rich", "14.1.0", ">=14")])
    assert not holds(path, [conda("matplotlib", "3.10.7")])
    assert not holds(path, [pip("uvicorn", "0.38", extras=("other",))])
    assert not holds(path, [conda("seaborn", "0.13.2", project=ProjectName("seaborn"))])
    path.write_text(path.read_text().replace("rich>=13", "rich>=15"))
    assert not holds(path, [RICH])


def test_holding_costs_a_stat(path: Path) -> None:
    answers = [conda(f"package{number}", "1.0") for number in range(60)]
    record(path, *answers)
    assert holds(path, answers)
    fastest = 1.0
    for _ in range(20):
        started = time.perf_counter()
        assert holds(path, answers[:5])
        fastest = min(fastest, time.perf_counter() - started)
    assert fastest < 0.002


def test_that_other_channels_were_kept_out_is_written_with_the_first_channels_only(path: Path) -> None:
    record(path, PANDAS, channels=("team", "conda-forge", "nodefaults"))
    assert "channels:\n  - team\n  - conda-forge\n  - nodefaults\ndependencies:" in path.read_text()
    record(path, RICH, channels=("team", "mine"))
    assert "  - conda-forge\n  - nodefaults\n  - mine\n" in path.read_text()
    path.write_text("channels: [team]\ndependencies: []\n")
    record(path, PANDAS, channels=("team", "nodefaults"))
    assert "nodefaults" not in path.read_text()
