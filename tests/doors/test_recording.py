"""What the environment file says stays true of the environment, whatever moves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.conftest import CondaPrefix
from tests.doors.test_command import condadeps

pytestmark = [pytest.mark.slow]


def install(prefix: Path, channel: Channel, directory: Path, *requests: str) -> str:
    """The environment file after an install that must succeed."""
    words = ["install", "-p", prefix, "-c", channel.url, "--override-channels", *requests]
    done = condadeps(*words, cwd=directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return (directory / "environment.yml").read_text()


def test_what_a_later_request_moves_is_written_anew_and_the_file_still_solves(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python", "pip")
    assert "- pandas=3.1.1\n" in install(prefix, channel, tmp_path, "pandas")
    text = install(prefix, channel, tmp_path, "numpy=1.26")
    assert "- pandas=2.2.3\n" in text and "- numpy=1.26\n" in text
    again = condadeps(
        "create", "-p", tmp_path / "again", "--bare", "-c", channel.url, "--override-channels",
        "-f", "environment.yml", "--dry-run", "--trust", cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "pandas  2.2.3" in " ".join(again.stdout.split()).replace("pandas 2.2.3", "pandas  2.2.3")


@pytest.mark.network
def test_what_pips_projects_need_is_written_though_they_were_there_before_the_file(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python", "pip")
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    text = install(prefix, channel, first, "seaborn")
    assert install(prefix, channel, second, "seaborn").splitlines()[1:] == text.splitlines()[1:]
    assert "# for seaborn" in text
    moved = install(prefix, channel, first, "rich")
    assert moved.count("# for seaborn") == text.count("# for seaborn")
