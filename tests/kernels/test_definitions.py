"""Every kernel that is offered can be had, and a definition that cannot be read says where and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Bare, Spec
from condadeps.errors import ConfigError, NotFoundError
from condadeps.kernels import offered
from condadeps.kernels.definition import Definition, read
from condadeps.names.namespaces import PackageName
from condadeps.names.table import SHIPPED, Table

SHIPPED_DEFINITIONS = sorted((Path(offered.__file__).parent / "languages").glob("*.toml"))

GOOD = """
display_name = "Tree"
language = "tree"
conda = ["tree"]
argv = ["tree", "{connection_file}"]
"""


def test_the_languages_that_were_promised_are_there() -> None:
    promised = {"r", "r-full", "julia", "ruby", "javascript", "go", "cpp", "octave", "spark", "sql", "bash"}
    assert promised | {"python3.12"} <= {path.stem for path in SHIPPED_DEFINITIONS}


@pytest.mark.parametrize("path", SHIPPED_DEFINITIONS, ids=lambda path: path.stem)
def test_a_shipped_definition_is_whole_and_conda_forge_has_its_packages(path: Path) -> None:
    definition = read(path)
    assert definition.about and definition.logo and definition.check
    assert definition.language_info["name"]
    assert not definition.channels  # whoever installs says where from
    table = Table.load(SHIPPED)  # conda-forge's packages, as of its date
    for name in packages(definition):
        assert table.ships(name) is not None, f"{path.name}: conda-forge has no {name}"
    assert not definition.pip


def packages(definition: Definition) -> list[PackageName]:
    """The names in a definition's specs, each a conda spec as its installation reads it."""
    found = [parse(Asked(f"conda:{text}")) for text in definition.conda]
    assert all(isinstance(one, Spec | Bare) for one in found)
    return [PackageName(str(one.name)) for one in found]


@pytest.mark.parametrize(
    "path", sorted({read(one).logo for one in SHIPPED_DEFINITIONS} - {None}), ids=lambda one: one.stem
)
def test_a_logo_is_small_and_needs_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert len(text) < 2000 and text.startswith("<svg ") and text.endswith("</svg>\n")
    assert not re.search(r"href|url\(|<script|<image|<foreignObject", text)


def test_no_two_definitions_have_one_kernel() -> None:
    kernels = [read(path).kernel for path in SHIPPED_DEFINITIONS]
    assert len(set(kernels)) == len(kernels)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("display_name = 3", "display_name has to be a text"),
        (GOOD.replace("argv", "args"), "argv has to be a list of texts"),
        (GOOD + "shel = true", "there is no key 'shel'"),
        (GOOD.replace(', "{connection_file}"', ""), "argv has to be a command with {connection_file} in it"),
        (GOOD.replace('conda = ["tree"]', ""), "conda has to be a list of packages to install"),
        (GOOD + 'kernel = "../x"', "kernel has to be letters"),
        (GOOD + 'logo = "../../x.svg"', "logo has to be an .svg or .png file in the same directory"),
        (GOOD + 'logo = "none.svg"', "logo has to be a file that is there"),
        (GOOD + 'interrupt_mode = "never"', 'interrupt_mode has to be "signal" or "message"'),
        (GOOD + 'steps = ["rm -rf /"]', "steps has to be a list of texts"),
        (GOOD + "env = {A = 1}", "env.A has to be a text"),
        (GOOD + "check = {code = '1'}", "check has to be a table of two texts"),
        ("display_name = ", "is no kernel's definition"),
    ],
)
def test_what_is_wrong_in_a_definition_is_said(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "tree.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert complaint in caught.value.message and str(path) in caught.value.message


def test_a_file_whose_name_is_no_name_is_no_definition(tmp_path: Path) -> None:
    path = tmp_path / "Two Words.toml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match="the file's name has to be small letters"):
        read(path)


def test_the_users_definition_stands_before_condadeps_own_and_a_projects_counts_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Path("~/.config/condadeps/kernels").expanduser()
    mine.mkdir(parents=True)
    (mine / "bash.toml").write_text(GOOD)
    project = tmp_path / "kernels"
    project.mkdir()
    (project / "ruby.toml").write_text(GOOD)
    (project / "evil.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert offered.find("bash").display_name == "Tree"
    assert offered.find("ruby").display_name == "Ruby"
    with pytest.raises(NotFoundError):
        offered.find("evil")


def test_the_sites_definitions_stand_before_condadeps_own_and_the_users_before_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lighter, site, mine = tmp_path / "xdg", tmp_path / "etc", Path("~/.config/condadeps").expanduser()
    monkeypatch.setattr(offered, "site_directories", lambda: (lighter, site))
    for directory, names in ((lighter, "ab"), (site, "abc"), (mine, "c")):
        (directory / "kernels").mkdir(parents=True)
        for name in names:
            text = GOOD.replace('"Tree"', f'"{directory.name}"')
            (directory / "kernels" / f"{name}.toml").write_text(text)
    (site / "kernels" / "bash.toml").write_text(GOOD)
    (site / "kernels" / "logo.svg").write_text("<svg/>")
    assert [offered.find(name).display_name for name in ("a", "c", "bash")] == ["etc", "condadeps", "Tree"]
    shown = str(offered.offers(frozenset()))
    assert f"a            etc  ({site / 'kernels/a.toml'})" in shown  # whose it is, is said
    assert "R with IRkernel, and nothing else\n" in shown
    assert [str(path) for path in offered.directories()[1:]] == [
        str(one / "kernels") for one in (lighter, site, mine)
    ]


def test_a_name_that_is_a_path_is_not_found() -> None:
    for name in ("../bash", "/etc/passwd", ""):
        with pytest.raises(NotFoundError):
            offered.find(name)


def test_a_misspelt_name_finds_its_neighbour() -> None:
    with pytest.raises(NotFoundError) as caught:
        offered.find("jula")
    assert "near: julia" in str(caught.value)


def test_a_definition_that_cannot_be_read_does_not_hide_the_others() -> None:
    mine = Path("~/.config/condadeps/kernels").expanduser()
    mine.mkdir(parents=True)
    (mine / "broken.toml").write_text("=")
    found = offered.offers(frozenset())
    assert {"bash", "r"} <= {one.definition.name for one in found.offers}
    assert "broken.toml" in found.warnings[0] and "broken.toml" in str(found)
