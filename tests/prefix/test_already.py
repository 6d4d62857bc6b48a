"""What is there already is answered at once, and only what is certainly there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.names.homes import Homes
from condadeps.prefix import already
from condadeps.prefix.target import Target
from condadeps.solve.plan import Answer
from tests.prefix import made

Ask = Callable[..., Answer | None]


@pytest.fixture
def at(tmp_path: Path) -> Target:
    return made.conda(tmp_path / "env")


@pytest.fixture
def ask(at: Target, tmp_path: Path) -> Ask:
    def one(text: str, target: Target = at, **asked: bool) -> Answer | None:
        (answer,) = already.answers([parse(Asked(text, **asked), tmp_path)], target, Homes())
        return answer

    return one


def told(answer: Answer | None) -> tuple[str, str, str, str] | None:
    return None if answer is None else (answer.manager, answer.name, answer.version, answer.constraint)


def test_a_conda_package_answers_for_the_project_it_ships(at: Target, ask: Ask) -> None:
    made.by_conda(at, "pandas", "3.1.1")
    assert ask("pandas") == Answer(
        text="pandas",
        origin="command",
        manager="conda",
        name="pandas",
        version="3.1.1",
        constraint="",
        project="pandas",  # type: ignore[arg-type]
        already=True,
    )


def test_a_home_of_another_name_is_named_as_conda_names_it(at: Target, ask: Ask) -> None:
    made.by_conda(at, "pytorch", "2.5.0", project="torch")
    assert told(ask("torch>=2")) == ("conda", "pytorch", "2.5.0", ">=2")
    assert told(ask("torch>=2", metadata=True)) == ("conda", "pytorch", "2.5.0", ">=2")
    assert told(ask("pytorch")) == ("conda", "pytorch", "2.5.0", "")


def test_what_pip_installed_is_pips(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "seaborn", "0.13.2")
    assert told(ask("Seaborn")) == ("pip", "seaborn", "0.13.2", "")
    assert told(ask("seaborn<1,>=0.13")) == ("pip", "seaborn", "0.13.2", ">=0.13,<1")


def test_pips_copy_over_condas_is_pips(at: Target, ask: Ask) -> None:
    made.package(
        at.prefix,
        "packaging",
        "23.0",
        "py_0",
        ("lib/python3.11/site-packages/packaging-23.0.dist-info/METADATA",),
    )
    made.distribution(at.site_packages, "packaging", "24.1")
    assert told(ask("packaging")) == ("pip", "packaging", "24.1", "")


def test_an_old_conda_package_that_says_pip_is_condas_when_its_record_lists_it(at: Target, ask: Ask) -> None:
    info = made.distribution(at.site_packages, "packaging", "23.0")
    inside = info.relative_to(at.prefix).as_posix()
    made.package(at.prefix, "packaging", "23.0", "py_0", (f"{inside}/METADATA",))
    assert told(ask("packaging")) == ("conda", "packaging", "23.0", "")


def test_what_conda_lost_to_a_pip_uninstall_is_not_there(at: Target, ask: Ask) -> None:
    made.package(
        at.prefix, "pandas", "3.1.1", "0", ("lib/python3.11/site-packages/pandas-3.1.1.dist-info/METADATA",)
    )
    assert ask("pandas") is None


def test_a_home_without_python_metadata_is_judged_by_condas_version(at: Target, ask: Ask) -> None:
    made.package(
        at.prefix, "python-graphviz", "0.20.3", "0", ("lib/python3.11/site-packages/graphviz/__init__.py",)
    )
    assert told(ask("graphviz")) == ("conda", "python-graphviz", "0.20.3", "")
    assert ask("graphviz>=0.21") is None


@pytest.mark.parametrize("text", ["numpy<2", "numpy==1.26.4", "numpy~=1.26", "numpy!=2.1.0", "numpy===1.0"])
def test_another_version_is_not_what_was_asked(at: Target, ask: Ask, text: str) -> None:
    made.by_conda(at, "numpy", "2.1.0")
    assert ask(text) is None


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("numpy>=2,<3", ">=2,<3"),
        ("numpy==2.1.*", "=2.1.*"),
        ("numpy==2.1.0", "==2.1.0"),
        ("numpy~=2.1", "~=2.1"),
        ("numpy=2", "=2"),
        ("conda:numpy>=2", ">=2"),
        ("numpy=2.1.0=py311_0", "=2.1.0=py311_0"),
        ("numpy ===2.1.0", "==2.1.0"),
    ],
)
def test_a_constraint_is_told_in_condas_grammar(at: Target, ask: Ask, text: str, constraint: str) -> None:
    made.by_conda(at, "numpy", "2.1.0")
    assert told(ask(text)) == ("conda", "numpy", "2.1.0", constraint)


def test_an_installed_prerelease_counts(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "rich", "14.0rc1")
    assert told(ask("rich>=13")) == ("pip", "rich", "14.0rc1", ">=13")
    assert ask("rich>=14") is None


def test_a_conda_package_that_is_no_project_is_found_by_its_record(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "ffmpeg", "7.1")
    assert told(ask("ffmpeg>=5")) == ("conda", "ffmpeg", "7.1", ">=5")
    assert ask("ffmpeg<5") is None
    assert ask("pypi:ffmpeg") is None


def test_condas_package_is_not_the_project_of_its_name(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "graphviz", "12.0")
    assert ask("graphviz") is None
    assert told(ask("conda:graphviz")) == ("conda", "graphviz", "12.0", "")


def test_names_the_table_does_not_know_are_taken_as_they_are_installed(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "acme-tool-xyz", "1.0")
    made.distribution(at.site_packages, "acme-lib-xyz", "2.0")
    assert told(ask("acme-tool-xyz")) == ("conda", "acme-tool-xyz", "1.0", "")
    assert told(ask("acme-lib-xyz")) == ("pip", "acme-lib-xyz", "2.0", "")
    assert ask("acme-nothing-xyz") is None


def test_a_namespace_that_is_forced_is_kept_to(at: Target, ask: Ask) -> None:
    made.by_conda(at, "pandas", "3.1.1")
    made.distribution(at.site_packages, "seaborn", "0.13.2")
    assert ask("pypi:pandas") is None
    assert ask("conda:seaborn") is None
    assert told(ask("pypi:seaborn")) == ("pip", "seaborn", "0.13.2", "")


def test_a_channel_that_is_named_must_be_where_it_came_from(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "samtools", "1.20", channel="https://conda.example/bioconda")
    answer = ask("bioconda::samtools=1.20")
    assert answer is not None and answer.channel == "bioconda"
    assert ask("conda-forge::samtools") is None


def test_a_home_that_is_one_version_of_its_package_is_held_to_it(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "pyqt", "6.7.0")
    assert ask("pyqt5") is None


def test_the_home_of_one_version_keeps_it_beside_a_constraint(at: Target, ask: Ask) -> None:
    made.by_conda(at, "pyqt", "5.15.9", project="PyQt5")
    assert told(ask("pyqt5")) == ("conda", "pyqt", "5.15.9", "")
    assert told(ask("pyqt5>=5.12")) == ("conda", "pyqt", "5.15.9", ">=5.12,5.*")


def test_extras_count_with_what_they_need(at: Target, ask: Ask) -> None:
    requires = ('httptools>=0.6; extra == "standard"', "click", 'watchfiles; extra == "reload"')
    made.distribution(at.site_packages, "uvicorn", "0.30", requires=requires, extras=("standard", "reload"))
    assert told(ask("uvicorn")) == ("pip", "uvicorn", "0.30", "")
    assert ask("uvicorn[standard]") is None
    made.distribution(at.site_packages, "httptools", "0.5")
    assert ask("uvicorn[standard]") is None
    (at.site_packages / "httptools-0.5.dist-info").rename(at.site_packages / "httptools-0.6.dist-info")
    answer = ask("uvicorn[standard]")
    assert answer is not None and answer.extras == ("standard",)
    assert ask("uvicorn[standard,reload]") is None


def test_an_extra_that_asks_for_other_extras_counts_with_theirs(at: Target, ask: Ask) -> None:
    requires = ('thing[a,b]; extra == "all"', 'dep-a; extra == "a"', 'dep-b[x]; extra == "b"')
    made.distribution(at.site_packages, "thing", "1", requires=requires, extras=("a", "b", "all"))
    made.distribution(at.site_packages, "dep-a", "1")
    made.distribution(at.site_packages, "dep-b", "1", requires=('deep; extra == "x"',), extras=("x",))
    assert ask("thing[all]") is None
    made.distribution(at.site_packages, "deep", "1")
    assert ask("thing[all]") is not None


def test_an_extra_nobody_declared_is_left_to_the_engine(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "rich", "13.0")
    assert ask("rich[nonsense]") is None


def test_an_extra_for_another_platform_needs_nothing_here(at: Target, ask: Ask) -> None:
    requires = ('colorama; sys_platform == "no-such" and extra == "color"',)
    made.distribution(at.site_packages, "thing", "1", requires=requires, extras=("color",))
    assert ask("thing[color]") is not None


def test_what_is_asked_for_elsewhere_only_is_met_by_nothing(at: Target, ask: Ask) -> None:
    answer = ask('pywin32>=300; sys_platform == "no-such"')
    assert answer is not None and (answer.version, answer.name) == ("", "pywin32")
    assert answer.marker == 'sys_platform == "no-such"'


def test_markers_are_read_for_the_targets_python_not_this_one(tmp_path: Path, ask: Ask) -> None:
    old = made.conda(tmp_path / "old", "3.10.4")
    answer = ask('tomli; python_version < "3.11"', old)
    assert answer is None
    answer = ask('tomli; python_full_version >= "3.10.5"', old)
    assert answer is not None and answer.version == ""


def test_two_copies_of_a_project_are_left_to_the_engine(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "numpy", "1.26.4")
    made.distribution(at.site_packages, "numpy", "2.1.0")
    assert ask("numpy") is None


def test_two_records_of_a_package_are_left_to_the_engine(at: Target, ask: Ask) -> None:
    made.package(at.prefix, "ffmpeg", "7.1")
    made.package(at.prefix, "ffmpeg", "6.0")
    assert ask("ffmpeg") is None


def test_a_conda_package_asked_of_an_environment_that_is_not_condas_is_not_there(tmp_path: Path) -> None:
    import subprocess
    import sys

    from condadeps.prefix import target

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    at = target.read(tmp_path / "v")
    made.distribution(at.site_packages, "torch", "2.5.0")
    texts = ["torch", "conda:ffmpeg", "ffmpeg", "python=3.11"]
    found = already.answers([parse(Asked(text)) for text in texts], at, Homes())
    assert list(map(told, found)) == [("pip", "torch", "2.5.0", ""), None, None, None]


URL = "https://files.example/thing-1.0-py3-none-any.whl"


def test_a_url_is_met_only_by_what_came_from_it(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "thing", "1.0")
    assert ask(f"thing @ {URL}") is None
    made.distribution(at.site_packages, "other", "1.0", direct_url={"url": URL, "archive_info": {}})
    assert ask(f"thing @ {URL}") is None
    assert told(ask(f"other @ {URL}")) == ("pip", "other", "1.0", f" @ {URL}")


def test_a_repository_is_met_at_the_same_revision_only(at: Target, ask: Ask) -> None:
    told_by_pip = {
        "url": "https://git.example/a/thing.git",
        "vcs_info": {"vcs": "git", "commit_id": "0" * 40, "requested_revision": "v1"},
    }
    made.distribution(at.site_packages, "thing", "1.0", direct_url=told_by_pip)
    assert ask("thing @ git+https://git.example/a/thing.git@v1") is not None
    assert ask("git+https://git.example/a/thing.git@v1") is not None
    assert ask("git+https://git.example/a/thing.git@v2") is None
    assert ask("git+https://git.example/a/thing.git") is None


def test_an_answer_holds_no_secret_of_the_url(at: Target, ask: Ask) -> None:
    made.distribution(at.site_packages, "thing", "1.0", direct_url={"url": URL, "archive_info": {}})
    answer = ask(f"thing @ {URL.replace('files', 'user:secret@files')}")
    assert answer is not None and answer.constraint == f" @ {URL}"


def test_a_source_tree_is_met_until_it_changes(at: Target, ask: Ask, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").write_text("[project]\nname = 'thing'\nversion = '1.0'\n")
    past = time.time() - 100
    os.utime(tree / "pyproject.toml", (past, past))
    made.distribution(at.site_packages, "thing", "1.0", direct_url={"url": tree.as_uri(), "dir_info": {}})
    assert ask("./tree") is not None
    assert ask(str(tree), editable=True) is None
    (tree / "thing.py").write_text("x = 2\n")
    os.utime(tree / "thing.py", (time.time() + 10, time.time() + 10))
    assert ask("./tree") is None


def test_an_editable_tree_is_met_however_it_changes(at: Target, ask: Ask, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "pyproject.toml").touch()
    direct = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    made.distribution(at.site_packages, "thing", "1.0", direct_url=direct)
    os.utime(tree / "pyproject.toml", (time.time() + 10, time.time() + 10))
    assert ask(str(tree), editable=True) is not None
    assert ask(str(tree)) is None


def test_what_a_pin_does_not_leave_as_it_is_is_for_the_engine(at: Target, ask: Ask) -> None:
    made.by_conda(at, "pandas", "3.1.1")
    made.by_conda(at, "numpy", "2.4.6")
    (at.prefix / "conda-meta" / "pinned").write_text("# held\nnumpy <2\npandas >=3\n")
    assert ask("numpy") is None and ask("numpy>=2") is None and ask("conda:numpy") is None
    assert told(ask("pandas")) == ("conda", "pandas", "3.1.1", "")
    (at.prefix / "conda-meta" / "pinned").write_text("numpy >=(2\n")
    assert ask("pandas") is None, "what cannot be read here is the engine's to read"


def test_a_pin_of_condas_configuration_counts_as_one_of_the_environments(
    at: Target, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.by_conda(at, "pandas", "3.1.1")
    made.by_conda(at, "numpy", "2.4.6")
    condarc = Path("~/.condarc").expanduser()
    condarc.write_text("pinned_packages: ['Numpy <2', pandas >=3]\n")
    assert ask("numpy") is None
    assert told(ask("pandas")) == ("conda", "pandas", "3.1.1", "")
    condarc.write_text("pinned_packages: [numpy >=(2]\n")
    assert ask("numpy") is None, "what cannot be read here is the engine's to read"
    condarc.write_text("channels: [numpy]\n")
    assert ask("numpy") is not None
    monkeypatch.setenv("CONDA_PINNED_PACKAGES", "numpy=2.4&pandas<3")
    assert ask("numpy") is not None and ask("pandas") is None


def test_a_pin_of_something_else_costs_no_reading_of_yaml(at: Target, tmp_path: Path) -> None:
    made.by_conda(at, "pandas", "3.1.1")
    (at.prefix / ".condarc").write_text("pinned_packages: [numpy <2]\n")
    program = (
        "import sys\nfrom pathlib import Path\nfrom condadeps.asked.job import Asked\n"
        "from condadeps.asked.parse import parse\nfrom condadeps.names.homes import Homes\n"
        "from condadeps.prefix import already, target\n"
        f"here = target.read(Path({str(at.prefix)!r}))\n"
        "(answer,) = already.answers([parse(Asked('pandas'), Path())], here, Homes())\n"
        "print(answer is not None, 'ruamel' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
