from __future__ import annotations

from pathlib import Path

import pytest

from tests.transaction.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty channel and no environment yet."""
    return World(tmp_path)
