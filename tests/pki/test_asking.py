"""A person is asked for the password below the cell, once a session; a person, and nobody else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.kernel import _KERNEL, _specs
from tests.pki.site import PASSWORD, Person

pytestmark = [pytest.mark.slow]

ASK = "from condadeps.pki import loaded; print('opened', 'PRIVATE KEY' in loaded.identity().pem)"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[BlockingKernelClient]:
    """A kernel of this Python, whose person has an encrypted key."""
    path = Person(tmp_path / "person", trustme.CA()).config()
    manager = KernelManager(kernel_name=_KERNEL, kernel_spec_manager=_specs(Path(sys.prefix), tmp_path))
    manager.start_kernel(env={**os.environ, "PYPKI3_CONFIG": str(path)}, cwd=str(tmp_path))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=100)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_the_password_is_asked_for_below_the_cell_and_once(client: BlockingKernelClient) -> None:
    prompts: list[tuple[str, bool]] = []
    told: list[str] = []

    def asked(message: dict[str, Any]) -> None:
        prompts.append((message["content"]["prompt"], message["content"]["password"]))
        client.input("wrong" if len(prompts) == 1 else PASSWORD)

    def heard(message: dict[str, Any]) -> None:
        told.append(str(message["content"]))

    for _ in range(2):
        client.execute_interactive(
            ASK, allow_stdin=True, stdin_hook=asked, output_hook=heard, timeout=60, store_history=False
        )
    assert [hidden for _, hidden in prompts] == [True, True] and "password" in prompts[0][0]
    everything = "".join(told)
    assert everything.count("opened True") == 2 and "Incorrect password" in everything
    assert PASSWORD not in everything and "BEGIN PRIVATE KEY" not in everything
