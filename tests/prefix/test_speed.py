"""Answering what is there already costs next to nothing: it is what "Run all" does every time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.names.homes import Homes
from condadeps.prefix import already
from tests.prefix import made

HEAVY = ("rattler", "requests", "pip", "click", "rich", "ruamel.yaml", "filelock", "http.client", "asyncio")


def test_ten_requests_among_150_packages_take_under_ten_milliseconds(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    for number in range(75):
        made.by_conda(at, f"package{number}", f"1.{number}")
        made.distribution(at.site_packages, f"project{number}", f"2.{number}", requires=("six", "numpy>=1"))
    for directory in (at.site_packages, tmp_path / "conda-meta"):
        os.utime(directory, (time.time() - 60,) * 2)  # just written, it would be listed anew each time
    texts = [f"package{number}>=1" for number in range(5)] + [f"project{number}<3" for number in range(5)]

    def ask() -> float:
        started = time.thread_time()
        found = already.answers([parse(Asked(text)) for text in texts], at, Homes())
        assert all(found)
        return time.thread_time() - started

    assert min(ask() for _ in range(5)) < 0.010


def test_a_door_loads_nothing_heavy_to_answer(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from condadeps.asked.job import Asked\n"
        "from condadeps.asked.parse import parse\n"
        "from condadeps.transaction.outcome import Outcome, Status\n"
        "from condadeps.names.homes import Homes\n"
        "from condadeps.prefix import already, target\n"
        "from condadeps.solve.plan import Plan\n"
        "at = target.read(Path(sys.prefix))\n"
        "answers = already.answers([parse(Asked('pytest'))], at, Homes())\n"
        "plan = Plan(str(at.prefix), at.subdir, answers=tuple(answers))\n"
        "outcome = Outcome(Status.UNCHANGED, plan)\n"
        "outcome._repr_html_(), str(outcome)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
