"""What is imported and what is installed for it: one table, for notebooks' guesses and for advice."""

from __future__ import annotations

import sys

import pytest

from condadeps import names
from condadeps.errors import NotFoundError
from condadeps.names import ProjectName, imports
from condadeps.names.homes import Homes
from condadeps.names.imports import advice, imported, project_of
from condadeps.names.lookup import which
from condadeps.names.reading import read
from condadeps.names.table import SHIPPED, Table

HOMES = Homes(Table.load(SHIPPED))
ASKED_FOR = {
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "attr": "attrs",
    "Crypto": "pycryptodome",
    "fitz": "pymupdf",
    "serial": "pyserial",
    "usb": "pyusb",
    "OpenSSL": "pyopenssl",
    "dotenv": "python-dotenv",
    "jwt": "pyjwt",
    "git": "gitpython",
    "magic": "python-magic",
    "google.protobuf": "protobuf",
    "win32api": "pywin32",
}
NOT_ON_CONDA_FORGE = {"python-nmap", "python-vlc"}


@pytest.mark.parametrize(("module", "project"), ASKED_FOR.items())
def test_which_tells_who_types_a_modules_name_what_to_install(module: str, project: str) -> None:
    (answer,) = names.which(module)
    assert answer.traps[-1] == f"`import {module}` comes with {project}: `condadeps install {project}`"
    assert answer.project != project, "what was typed is never replaced"


def test_a_module_is_known_however_its_name_is_spelled() -> None:
    assert imported("pil") == imported("PIL") == ("PIL", ProjectName("pillow"))
    assert advice("openssl").startswith("`import OpenSSL`")


@pytest.mark.parametrize(
    "name", ["pandas", "ruamel.yaml", "attrs", "google-cloud-storage", "r-base", "typing_x"]
)
def test_a_name_that_is_installed_as_it_is_imported_needs_no_advice(name: str) -> None:
    assert advice(name) == "" and not any("import" in trap for trap in names.which(name)[0].traps)


def test_what_python_has_itself_is_said_to_be_there() -> None:
    assert advice("asyncio") == "`import asyncio` comes with Python: there is nothing to install"
    assert not any(map(advice, ("distutils", "imp", "cgi", "_socket"))), "no longer, or nobody's business"
    gone = {name for name in imports._LEFT_PYTHON if sys.version_info >= (3, 13)}
    assert not gone & sys.stdlib_module_names


def test_each_module_leads_to_a_project_that_conda_forge_ships_and_that_is_not_so_called() -> None:
    for module, project in imports._PROJECTS.items():
        assert ProjectName(project) == project != ProjectName(module.replace(".", "-").strip("_")), module
        home = HOMES.home(ProjectName(project)).package
        assert (home is None) == (project in NOT_ON_CONDA_FORGE), module
        assert project_of(f"{module}.inside") == project


def test_no_module_of_another_package_is_led_away_from_it() -> None:
    """Where conda-forge ships the project of a module's own name, that name needs no advice."""
    for module in imports._PROJECTS:
        home = HOMES.home(ProjectName(module.replace(".", "-").lower()))
        assert home.package is None or module in ("attr", "ldap", "pdfminer", "slugify", "websocket"), module


def test_outside_conda_a_library_of_the_modules_name_is_refused_with_the_project_to_install() -> None:
    with pytest.raises(NotFoundError) as caught:
        read("yaml", HOMES, lambda package: False, conda=False)
    assert str(caught.value.help).startswith("`import yaml` comes with pyyaml: `condadeps install pyyaml`; ")


def test_a_placeholder_is_said_to_be_one() -> None:
    (answer,) = which(["sklearn"], HOMES)
    assert str(answer) == "\n".join(
        [
            "sklearn: PyPI's sklearn",
            "    beware: PyPI's sklearn is a retired placeholder; the project is scikit-learn; "
            "only `pypi:sklearn` fetches it",
            "    beware: `import sklearn` comes with scikit-learn: `condadeps install scikit-learn`",
        ]
    )
    overridden = Homes(HOMES.table, {ProjectName("sklearn"): "scikit-learn"})
    assert which(["sklearn"], overridden)[0].package == "scikit-learn"
