"""The running image: how soon it serves, whether it tells its health, and what its kernel does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from tests.image.conftest import Start
from tests.image.podman import podman


def notebook(*cells: str) -> str:
    """A notebook of code cells."""
    made = [
        {
            "cell_type": "code",
            "source": cell,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "id": f"c{n}",
        }
        for n, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def write(directory: Path, *cells: str) -> None:
    """Puts a.ipynb there, the container's user's."""
    (directory / "a.ipynb").write_text(notebook(*cells), "utf-8")
    os.chown(directory / "a.ipynb", 1000, 100)


def printed(path: Path) -> str:
    """All that the cells of an executed notebook printed."""
    document = json.loads(path.read_text("utf-8"))
    outputs = [output for cell in document["cells"] for output in cell.get("outputs", ())]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "".join("".join(text) for text in texts)


def test_a_page_is_served_soon_after_the_start(container: Start) -> None:
    started = time.monotonic()
    running = container(wait=False)
    running.wait()
    seconds = time.monotonic() - started
    page = running.get(f"/lab?token={running.token()}")
    print(f"{seconds:.1f} s from `podman run` to an answer")
    assert "JupyterLab" in page
    assert seconds < 60


def test_a_server_that_answers_is_healthy_and_one_that_does_not_is_not(container: Start) -> None:
    running = container()
    asked = podman("healthcheck", "run", running.id, check=False)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    idle = container(command=["sleep", "60"], wait=False)
    check = idle.exec("/usr/local/bin/healthcheck.py", check=False)
    assert check.returncode == 1
    assert "no running server" in check.stderr


def test_a_server_that_stopped_answering_is_unhealthy(container: Start) -> None:
    running = container()
    running.exec("pkill", "-STOP", "-f", "jupyter-?lab")
    assert running.exec("/usr/local/bin/healthcheck.py", check=False).returncode == 1


def test_the_health_is_told_wherever_the_server_listens_and_whoever_it_runs_as(container: Start) -> None:
    base = container(env={"NOTEBOOK_ARGS": "--ServerApp.base_url=/deep/er/"}, wait=False)
    named = container(env={"NB_USER": "ada", "CHOWN_HOME": "yes"}, user="root", wait=False)
    plain = container(command=["ji"], wait=False)
    for running in (base, named, plain):
        for _ in range(300):
            check = running.exec("/usr/local/bin/healthcheck.py", check=False)
            if check.returncode == 0:
                break
            time.sleep(0.2)
        assert check.returncode == 0, check.stderr + running.logs()


def test_every_notebook_has_the_magic_and_its_own_programs(container: Start, shared_directory: Path) -> None:
    cells = [
        "%condadeps click",
        "%condadeps which torch",
        "import ipydeps; print(ipydeps.__name__); ipydeps.pip('click')",
        "import sys; print(sys.prefix)",
        "!command -v python pip",
    ]
    write(shared_directory, *cells)
    words = ["jupyter", "execute", "/home/jovyan/work/a.ipynb", "--inplace"]
    running = container(command=words, volumes={shared_directory: "/home/jovyan/work"}, wait=False)
    assert running.finish() == 0, running.logs()
    text = printed(shared_directory / "a.ipynb")
    assert "pytorch" in text
    assert "condadeps.ipydeps\n" in text
    kernel = "/opt/conda/envs/python3"
    assert f"{kernel}\n" in text and f"{kernel}/bin/python" in text and f"{kernel}/bin/pip" in text


def test_what_a_notebook_does_to_its_environment_does_not_reach_the_server(
    container: Start, shared_directory: Path
) -> None:
    """Not even an older version of what both have, or a file written over in place."""
    cells = [
        '%condadeps "requests==2.31.0"',
        "import requests; print(requests.__version__, requests.__file__)",
        "import pathlib, traitlets\n"
        "path = pathlib.Path(traitlets.__file__)\n"
        "try:\n    path.write_text('broken')\nexcept PermissionError as error:\n    print('refused', error)",
    ]
    write(shared_directory, *cells)
    running = container(volumes={shared_directory: "/home/jovyan/work"})
    running.exec("jupyter", "execute", "/home/jovyan/work/a.ipynb", "--inplace")
    text = printed(shared_directory / "a.ipynb")
    assert "2.31.0 /opt/conda/envs/python3/" in text
    assert "refused" in text
    asked = "import requests, traitlets; print(requests.__version__, traitlets.__version__)"
    assert not running.exec("/opt/conda/bin/python", "-c", asked).stdout.startswith("2.31.0")
    assert running.get("/api")["version"]
