"""What a kernel needs and nobody asked for: it is there, and nothing says that somebody wanted it."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.asked.job import IMPLIED, Asked
from condadeps.errors import ConflictError
from tests.solve.world import World, linked, why

WHEEL = "file:///tmp/condadeps-x/condadeps-1.0-py3-none-any.whl"


def test_what_a_kernel_needs_says_so_and_is_nobody_s_request(tmp_path: Path) -> None:
    world = World(tmp_path / "env")
    for name in ("pip", "ipykernel", "rich", "pandas"):
        world.conda(name, "1.0", depends=["python"])
    world.place(WHEEL, "condadeps", "1.0", requires=["rich"])
    implied = [Asked(text, IMPLIED) for text in ("pip", "ipykernel", f"condadeps @ {WHEEL}")]
    plan = world.solve("pandas", "pip", *implied)
    assert set(linked(plan)) == {"pip", "ipykernel", "rich", "pandas"}
    assert why(plan) == {
        "pandas": "asked",
        "pip": "asked",
        "ipykernel": "for %condadeps in its kernel",
        "rich": "needed by condadeps 1.0",
        "pip condadeps": "for %condadeps in its kernel",
    }
    assert [answer.name for answer in plan.answers] == ["pandas", "pip"]
    (install,) = plan.install
    assert not install.requested and not install.artifact.direct and install.artifact.direct_url is None


def test_a_clash_with_what_a_kernel_needs_does_not_propose_to_give_that_up(tmp_path: Path) -> None:
    world = World(tmp_path / "env")
    world.conda("ipykernel", "7.0", depends=["python", "tornado >=6"])
    world.conda("tornado", "5.0", depends=["python"])
    world.conda("tornado", "6.0", depends=["python"])
    world.place(WHEEL, "condadeps", "1.0", requires=["tornado>=5"])
    implied = [Asked(text, IMPLIED) for text in ("ipykernel", f"condadeps @ {WHEEL}")]
    with pytest.raises(ConflictError) as caught:
        world.solve("tornado<6", *implied)
    assert str(caught.value) == (
        "tornado<6 cannot be had in this environment\n"
        "  tornado <6 was asked for\n"
        "  ipykernel (for the kernel) → ipykernel 7.0 needs tornado >=6\n"
        "help: give up tornado<6 (then tornado 6.0)"
    )
