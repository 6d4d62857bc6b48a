"""The first call in a kernel waits for what it loads: what tells that all is there already stays little.

No clock is asked. Who lands here has made a call whose requests are met load more: import that in the
function that needs it, or give it a module that such a call does not load.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.prefix import made

MODULES = 64
"""So many of condadeps' modules are loaded, of more than 250; each takes a fifth of a millisecond or more."""
NOT_FOR_THIS = (
    *("condadeps.engine", "condadeps.solve.needs", "condadeps.record.document", "condadeps.prefix.lock"),
    *("condadeps.prefix.needed", "condadeps.arguments", "condadeps.show.terminal", "condadeps.sources"),
    *("packaging.requirements", "packaging.markers", "packaging._tokenizer", "importlib.metadata", "tomllib"),
    *("rattler", "requests", "pip", "click", "rich", "ruamel", "filelock", "platformdirs"),
)

PROGRAM = """
import dataclasses, sys, threading
from IPython.core.interactiveshell import InteractiveShell
import IPython.display
shell = InteractiveShell.instance()
shell.kernel = object()  # as in a notebook
shown = []
IPython.display.display = lambda bundle, **how: shown.append(bundle["text/plain"])
before = set(sys.modules)
import condadeps
sys.prefix = {prefix!r}
shell.run_line_magic("condadeps", "six package1 'package2>=1' pytest")
for thread in threading.enumerate():
    if thread.name == "condadeps-warm-up":
        thread.join()
loaded = sorted(set(sys.modules) - before)
slow = [
    f"{{name}}.{{kind.__name__}}"
    for name in loaded if name.startswith("condadeps.")
    for kind in vars(sys.modules[name]).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__dataclass_params__.init
]
print(shown[0].splitlines()[0])
print(*loaded)
print(*slow)
"""


@pytest.fixture
def printed(tmp_path: Path) -> list[str]:
    """What a first call answers, what is loaded then, and what is slow to make in it."""
    at = made.conda(tmp_path / "kernel")
    for name in ("package1", "package2", "six"):
        made.by_conda(at, name, "1.5")
    lines = [f"name: {at.prefix.name}", "dependencies:", "  - six=1.5", "  - package1=1.5", "  - package2>=1"]
    lines += ["  - pip", "  - pip:", f"    - pytest=={version('pytest')}", ""]
    (tmp_path / "environment.yml").write_text("\n".join(lines))
    program = PROGRAM.format(prefix=str(at.prefix))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")


def test_a_first_call_that_finds_all_there_loads_little(printed: list[str]) -> None:
    pytests = f"pytest {version('pytest')} (pip)"
    assert printed[0] == f"Already there: six 1.5, package1 1.5, package2 1.5, {pytests}"
    loaded = printed[1].split()
    heavy = [name for name in loaded if any(f"{name}.".startswith(f"{one}.") for one in NOT_FOR_THIS)]
    assert not heavy
    ours = [name for name in loaded if name.partition(".")[0] == "condadeps"]
    assert 20 < len(ours) <= MODULES, ours


def test_its_dataclasses_are_those_that_are_quick_to_make(printed: list[str]) -> None:
    assert printed[2] == "", "from condadeps.values import dataclass"
