"""Frozen environments and conda's own are changed only when somebody says so in as many words."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConflictError, FrozenError, PrefixError
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import listing

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
    tiny.noarch(road.channel, "conda", "26.7", depends=["six"])
    tiny.noarch(road.channel, "app", "1.0")
    return road.open()


def test_a_frozen_environment_is_changed_only_with_the_option_that_says_so(road: Road) -> None:
    (road.prefix / "conda-meta" / "frozen").write_text('{"message": "it belongs to the class"}')
    before = listing(road.prefix)
    for change in (lambda: road.install("app"), lambda: road.remove("python"), road.undo):
        with pytest.raises(FrozenError, match="it belongs to the class"):
            change()
    assert listing(road.prefix) == before
    assert changed(road.install("app", override_frozen=True)) == {"+app 1.0"}


def test_condas_own_environment_is_refused_from_outside_unless_told_and_conda_stays_as_it_is(
    road: Road,
) -> None:
    road.install("conda", "six=1.0")
    before = listing(road.prefix)
    with pytest.raises(PrefixError, match="conda's base environment") as refused:
        road.install("app")
    assert "--allow-base" in str(refused.value.help)
    assert listing(road.prefix) == before

    assert changed(road.install("app", allow_base=True)) == {"+app 1.0"}
    with pytest.raises(ConflictError):
        road.install("six=2.0", allow_base=True)
    with pytest.raises(ConflictError):
        road.remove("six", allow_base=True)
