"""nbgallery's additions at work in the image: its extensions in a real browser, and what they do here.

The gallery is a stand-in (``tests.launch.gallery``) that answers as nbgallery does; all else is real.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")

from tests.image.browser import SLOW, Lab, chromium  # noqa: E402
from tests.image.conftest import Start  # noqa: E402
from tests.image.containers import Container  # noqa: E402
from tests.launch.gallery import FakeGallery, standing  # noqa: E402
from tests.launch.servers import wait_until  # noqa: E402

expect = playwright.expect
UUID = "0b4e2f6a-7c1d-4a53-9b0e-5d6f7a8b9c0d"
COMMIT = "4f3c2b1a"
SETTINGS = "/home/jovyan/.jupyter/lab/user-settings"
SHOW = "import os; print(os.environ.get('NBGALLERY_UUID'), os.environ.get('NBGALLERY_GIT_COMMIT_ID'))"


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """One browser for the tests here."""
    with chromium() as running:
        yield running


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[FakeGallery]:
    """A gallery on this machine."""
    (tmp_path / "tls").mkdir()
    with standing(tmp_path / "tls") as running:
        yield running


def of_the_gallery(directory: Path) -> None:
    """Puts ours.ipynb there, a notebook that came from the gallery."""
    cell = {"cell_type": "code", "source": SHOW, "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {
        "kernelspec": kernel,
        "gallery": {"uuid": UUID, "git_commit_id": COMMIT, "commit": COMMIT, "clone": UUID},
    }
    document = {"cells": [{**cell, "id": "c0"}], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (directory / "ours.ipynb").write_text(json.dumps(document), "utf-8")
    os.chown(directory / "ours.ipynb", 1000, 100)


def choose(lab: Lab, *items: str) -> None:
    """Goes through the menus of JupyterLab to an entry."""
    first, *rest = items
    lab.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{first}$")).first.click()
    for item in rest:
        lab.page.locator(".lm-Menu-item", has_text=item).first.click()


def test_a_gallery_s_notebook_knows_its_id_is_reported_and_preferences_travel(
    container: Start,
    browser: playwright.Browser,
    gallery: FakeGallery,
    shared_directory: Path,
    tmp_path: Path,
) -> None:
    of_the_gallery(shared_directory)
    running = container(
        env={
            "NBGALLERY_URL": gallery.url,
            "NBGALLERY_CLIENT_NAME": "My environment",
            "NBGALLERY_ENABLE_AUTODOWNLOAD": "yes",
            "NBGALLERY_ENABLE_INSTRUMENTATION": "yes",
            "NOTEBOOK_DIR": "/home/jovyan/work",
        },
        volumes={shared_directory: "/home/jovyan/work"},
    )
    lab = Lab.enter(browser, running, tmp_path)
    wait_until((shared_directory / "Starred" / "A star.ipynb").is_file, 60)
    assert gallery.forms("POST", "/environments")[0]["name"] == ["My environment"]

    lab.open("ours.ipynb")
    known = f"{UUID} {COMMIT}"
    expect(lab.again(0)).to_contain_text(known, timeout=SLOW)
    wait_until(lambda: bool(gallery.forms("POST", "/executions")), 60)
    reported = gallery.forms("POST", "/executions")[0]
    assert (reported["uuid"], reported["success"]) == ([UUID], ["true"])
    assert reported["md5"] == [hashlib.md5(SHOW.encode()).hexdigest()]

    the_preferences_travel(lab, running, gallery)


def the_preferences_travel(lab: Lab, running: Container, gallery: FakeGallery) -> None:
    """To the gallery, back from it, and away."""
    theme = f"{SETTINGS}/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
    running.exec("mkdir", "-p", str(Path(theme).parent))
    running.exec("bash", "-c", f"printf '%s' '{{\"theme\": \"JupyterLab Dark\"}}' > {theme}")
    choose(lab, "Gallery", "Jupyter Preferences", "Save Preferences to the Gallery")
    wait_until(lambda: theme in gallery.preferences, 60)
    assert "JupyterLab Dark" in gallery.preferences[theme]

    gallery.preferences[theme] = '{"theme": "JupyterLab Light"}'
    choose(lab, "Gallery", "Jupyter Preferences", "Download Preferences from the Gallery")
    said = lab.page.locator(".jp-Dialog")
    expect(said).to_contain_text("Reload may be required", timeout=SLOW)
    assert "JupyterLab Light" in running.exec("cat", theme).stdout
    said.locator(".jp-mod-accept").click()

    choose(lab, "Gallery", "Jupyter Preferences", "Reset Preferences to Defaults")
    lab.page.locator(".jp-Dialog .jp-mod-warn").click()
    expect(lab.page.locator(".jp-Dialog")).to_contain_text("Reload may be required", timeout=SLOW)
    assert running.exec("ls", theme, check=False).returncode != 0
