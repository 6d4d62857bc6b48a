"""What hides an environment's packages is found and named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from condadeps.names.namespaces import ProjectName
from condadeps.prefix import shadow, target
from tests.prefix import made

PROJECTS = [ProjectName("numpy"), ProjectName("rich")]


def test_the_users_copy_of_what_is_installed_is_named(tmp_path: Path) -> None:
    at = made.conda(tmp_path / "env")
    made.distribution(tmp_path / "home/lib/python3.11/site-packages", "NumPy", "1.20.0")
    environ = {"PYTHONUSERBASE": str(tmp_path / "home")}
    found = shadow.shadowing(at, PROJECTS, environ)
    assert list(found) == ["numpy"]
    assert "numpy 1.20.0 in " in shadow.warning(found[ProjectName("numpy")])


def test_it_hides_nothing_where_python_is_told_to_ignore_it(tmp_path: Path) -> None:
    at = made.conda(tmp_path / "env")
    made.distribution(tmp_path / "home/lib/python3.11/site-packages", "numpy", "1.20.0")
    environ = {"PYTHONUSERBASE": str(tmp_path / "home"), "PYTHONNOUSERSITE": "1"}
    assert shadow.shadowing(at, PROJECTS, environ) == {}


def test_it_hides_nothing_of_another_python(tmp_path: Path) -> None:
    at = made.conda(tmp_path / "env", "3.12.1")
    made.distribution(tmp_path / "home/lib/python3.11/site-packages", "numpy", "1.20.0")
    assert shadow.shadowing(at, PROJECTS, {"PYTHONUSERBASE": str(tmp_path / "home")}) == {}


def test_it_hides_nothing_from_a_virtual_environment(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    at = target.read(tmp_path / "v")
    assert shadow.user_site(at, {"PYTHONUSERBASE": str(tmp_path / "home")}) is None
    cfg = tmp_path / "v/pyvenv.cfg"
    cfg.write_text(cfg.read_text().replace("packages = false", "packages = true"))
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    expected = tmp_path / "home/lib" / minor / "site-packages"
    assert shadow.user_site(at, {"PYTHONUSERBASE": str(tmp_path / "home")}) == expected


def test_the_directory_is_the_one_python_itself_uses(tmp_path: Path) -> None:
    base = Path(sys.base_prefix, "bin/python3")
    told = subprocess.run(
        [str(base), "-c", "import site; print(site.getusersitepackages())"],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    at = target.read(Path(sys.base_prefix))
    assert not at.is_venv
    assert shadow.user_site(at, {"PYTHONUSERBASE": str(tmp_path / ".local")}) == Path(told.stdout.strip())
