"""A change stands only when every planned package is there, with its files and what belongs in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import TransactionError
from condadeps.prefix import target
from condadeps.solve.plan import Plan
from condadeps.transaction import verify
from tests.transaction import tiny
from tests.transaction.world import World

pytestmark = pytest.mark.slow


@pytest.fixture
def plan(world: World) -> Plan:
    """Carried out already: the environment stands for what was staged, too."""
    foo = tiny.package(world.channel, "foo", "1", {"share/foo": "1", "share/link": Path("foo")})
    world.create(foo)
    return world.plan([foo])


def test_a_file_that_is_missing_or_not_what_belongs_there_is_seen_before_anything_changes(
    world: World, plan: Plan
) -> None:
    verify.staged(plan, world.prefix)
    file = world.prefix / "share" / "foo"
    file.unlink()
    with pytest.raises(TransactionError, match="could not be laid out whole") as refused:
        verify.staged(plan, world.prefix)
    assert "missing share/foo" in str(refused.value)
    file.write_text("2")
    with pytest.raises(TransactionError, match="altered share/foo"):
        verify.staged(plan, world.prefix)
    next((world.prefix / "conda-meta").glob("foo-*.json")).unlink()
    with pytest.raises(TransactionError, match="it has no record"):
        verify.staged(plan, world.prefix)


def test_what_another_program_linked_is_looked_at_too(world: World, plan: Plan) -> None:
    where = target.read(world.prefix)
    assert verify.placed(plan, where, by_another=True) == []
    file = world.prefix / "share" / "foo"
    file.unlink()
    file.write_text("a script's")
    (warning,) = verify.placed(plan, where, by_another=True)
    assert warning == "foo-1-0 is not as its channel has it: files: 1 altered"
    assert verify.placed(plan, where) == []  # a post-link script may have done it
    file.unlink()
    with pytest.raises(TransactionError, match=r"share/foo is missing"):
        verify.placed(plan, where)
