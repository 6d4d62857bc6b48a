"""What classic conda was asked for counts too: its records say nothing of it, its history does."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConflictError
from tests.solve.world import World, linked


def classic(tmp_path: Path, *specs: str) -> World:
    """An environment whose records have no requests, and a history that tells of these."""
    world = World(tmp_path)
    world.link("python", "3.11.7")
    for version in ("1.26.4", "2.1.0"):
        world.conda("numpy", version, depends=["python"])
    world.conda("helper", "1.0", depends=["python"])
    world.conda("helper", "2.0", depends=["python"])
    world.link("numpy", "1.26.4", depends=["python"], ships="numpy")
    history = f"==> 2019-11-22 21:22:49 <==\n# cmd: conda create\n# update specs: {list(specs)}\n"
    (tmp_path / "conda-meta" / "history").write_text(history)
    return world


@pytest.mark.parametrize("spec", ["numpy=1.26", "conda-forge::numpy=1.26", "numpy[version='>=1,<2']"])
def test_a_version_that_classic_conda_was_asked_for_holds(tmp_path: Path, spec: str) -> None:
    world = classic(tmp_path, "python=3.11", spec)
    world.conda("app", "1.0", depends=["python", "numpy >=2"])
    with pytest.raises(ConflictError) as error:
        world.solve("app")
    assert any("was asked for earlier" in line for line in error.value.detail)
    assert linked(world.solve(verb="update")) == {}


def test_asking_anew_lifts_what_classic_conda_was_asked_for(tmp_path: Path) -> None:
    world = classic(tmp_path, "numpy=1.26")
    assert linked(world.solve("numpy>=2")) == {"numpy": "2.1.0"}


def test_what_classic_conda_was_asked_for_stays_where_something_else_would_push_it_out(
    tmp_path: Path,
) -> None:
    """Nothing may leave that was asked for, though something else installed needs it as well."""
    for specs in (["numpy", "tool"], ["tool"]):
        world = classic(tmp_path / str(len(specs)), *specs)
        world.conda("tool", "2.0", depends=["python"])
        world.link("tool", "1.0", depends=["python", "numpy"])
        world.conda("rival", "1.0", depends=["python", "tool >=2"], constrains=["numpy <0"])
        if "numpy" in specs:
            with pytest.raises(ConflictError):
                world.solve("rival")
        else:
            plan = world.solve("rival")
            assert [str(one.package.name) for one in plan.unlink] == ["numpy"]


def test_a_line_of_history_that_no_grammar_takes_binds_nobody(tmp_path: Path) -> None:
    world = classic(tmp_path, "numpy===1.26", "numpy[version=")
    world.conda("app", "1.0", depends=["python", "numpy >=2"])
    assert linked(world.solve("app")) == {"app": "1.0", "numpy": "2.1.0"}
