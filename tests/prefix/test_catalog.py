"""The list of environments that ``conda env list`` reads is kept as conda keeps it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from condadeps.prefix import catalog


def lines() -> list[str]:
    return catalog.place().read_text().splitlines()


def test_an_environment_is_listed_once_and_taken_off() -> None:
    one, other = Path("/envs/one"), Path("/envs/other")
    for prefix in (one, other, one, Path("/envs/../envs/one")):
        catalog.register(prefix)
    assert lines() == ["/envs/one", "/envs/other"]
    assert catalog.registered(one) and not catalog.registered(Path("/envs"))
    catalog.unregister(one)
    catalog.unregister(Path("/never/there"))
    assert lines() == ["/envs/other"]


def test_what_stands_in_the_file_stays() -> None:
    catalog.place().parent.mkdir()
    catalog.place().write_text("/a/hand\n/another")
    catalog.register(Path("/envs/one"))
    assert lines() == ["/a/hand", "/another", "/envs/one"]


def test_several_at_once_are_all_listed() -> None:
    names = [f"/envs/{number}" for number in range(20)]
    threads = [threading.Thread(target=catalog.register, args=(Path(name),)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines()) == sorted(names)


def test_what_conda_build_makes_is_passed_over() -> None:
    catalog.register(Path("/croot/h_env_placehold_placehold_pl"))
    assert not catalog.place().exists()


def test_a_file_that_cannot_be_written_is_an_error_for_the_caller() -> None:
    catalog.place().mkdir(parents=True)
    with pytest.raises(OSError):
        catalog.register(Path("/envs/one"))
