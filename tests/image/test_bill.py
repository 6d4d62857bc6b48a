"""The bill of materials and the locks that are in the image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

from tests.image.channel import channel
from tests.image.podman import run_options

Podman = Callable[..., CompletedProcess[str]]
NOTES = "/usr/local/share/condadeps"


def read(image: str, podman: Podman, name: str) -> str:
    """A file of :data:`NOTES`."""
    return podman("run", "--rm", "--entrypoint", "cat", image, f"{NOTES}/{name}").stdout


def test_the_bill_is_valid_cyclonedx_and_has_everything_that_is_installed(image: str, podman: Podman) -> None:
    from cyclonedx.schema import SchemaVersion  # with jsonschema: see tests.kernel
    from cyclonedx.validation.json import JsonStrictValidator

    text = read(image, podman, "sbom.cdx.json")
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem
    bill = json.loads(text)
    told = {component["name"]: component for component in bill["components"]}
    lister = "from importlib.metadata import distributions as d; print(*(x.name for x in d()), sep='\\n')"
    words = ["--rm", "--entrypoint", "/opt/conda/bin/python", image, "-c", lister]
    installed = {name.lower().replace("_", "-") for name in podman("run", *words).stdout.split()}
    projects = {name.lower().replace("_", "-") for name in told}
    # conda's packages are told by conda's names.
    conda = {"fastjsonschema", "jupyterhub", "ruamel.yaml", "tzdata"}
    assert installed - projects - conda == set()
    assert told["condadeps"]["purl"].startswith("pkg:pypi/condadeps@")
    assert told["python"]["purl"].startswith("pkg:conda/python@")
    assert told["jupyterlab-nbgallery"]["hashes"][0]["alg"] == "SHA-256"
    both = {prop["value"] for prop in told["ipykernel"]["properties"]}
    assert both == {"server", "python3"}


def test_the_kernels_lock_makes_the_same_environment_again(
    image: str, podman: Podman, tmp_path: Path
) -> None:
    script = (
        f"condadeps create -q -p /tmp/again -f {NOTES}/python3.conda-lock.yml --bare"
        " && ls /tmp/again/conda-meta | grep json$ > /tmp/a"
        " && ls /opt/conda/envs/python3/conda-meta | grep json$ > /tmp/b"
        " && diff /tmp/a /tmp/b && echo the same"
    )
    words = ["run", "--rm", *run_options(channel()), "--entrypoint", "bash", image, "-c", script]
    done = podman(*words, check=False)
    assert "the same" in done.stdout, done.stdout + done.stderr
