"""A plain ``import ipydeps`` reaches condadeps when somebody asked for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def python(script: str, *path: Path) -> str:
    setup = f"import sys; sys.path[:0] = {[str(one) for one in path]!r}\n"
    done = subprocess.run([sys.executable, "-c", setup + script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def theirs(tmp_path: Path) -> Path:
    """An ipydeps beside ours, as where it is installed."""
    package = tmp_path / "site" / "ipydeps"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("def pip(requested):\n    print('theirs', requested)\n")
    return package.parent


WHOSE = "import ipydeps; print(ipydeps.pip.__module__)"


def test_activate_makes_import_ipydeps_ours(tmp_path: Path) -> None:
    site = theirs(tmp_path)
    assert python(WHOSE, site) == "ipydeps"
    assert python(f"import condadeps.ipydeps as c; c.activate(); {WHOSE}", site) == "condadeps.ipydeps"
    assert python(f"from condadeps.ipydeps import activate; activate(); {WHOSE}") == "condadeps.ipydeps"


def test_an_ipydeps_that_was_imported_before_obeys_too(tmp_path: Path) -> None:
    script = "import ipydeps; import condadeps.ipydeps as c; c.activate(); print(ipydeps.pip is c.pip)"
    assert python(script, theirs(tmp_path)) == "True"


def test_a_condition_is_asked_at_the_import_and_no_earlier(tmp_path: Path) -> None:
    script = "from condadeps.ipydeps import activate\nactivate(lambda: print('asked') or {})\nimport json\n{}"
    assert python(script.format(True, WHOSE), theirs(tmp_path)).split() == ["asked", "condadeps.ipydeps"]
    assert python(script.format(False, WHOSE), theirs(tmp_path)).split() == ["asked", "ipydeps"]


def test_from_imports_and_submodules_work_as_before() -> None:
    script = (
        "from condadeps.ipydeps import activate; activate()\nfrom ipydeps import pip; print(pip.__module__)"
    )
    assert python(script) == "condadeps.ipydeps"


def test_importing_it_is_light() -> None:
    heavy = {"rattler", "requests", "pip", "rich", "click", "IPython", "packaging", "subprocess"}
    loaded = python("import condadeps.ipydeps; print(*sys.modules)").split()
    assert heavy.isdisjoint(loaded)
