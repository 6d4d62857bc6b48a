"""The demo's steps; ``util/demo`` runs it in a virtual environment of its own.

1. Which channel: the first configured one (conda-forge when nothing is) if it answers, else the tests' own.
2. ``condadeps create``: a conda environment with a kernel.
3. ``examples/quickstart.ipynb`` in that kernel, as Jupyter would run it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
KERNEL = "condadeps-demo"
ANSWER_WITHIN = 5
"""Seconds a channel may take to answer before it counts as out of reach."""


def main() -> int:
    """Runs the demo. 0, or 1 when a step failed (which said why on stderr)."""
    started = time.monotonic()
    channel = _channel()
    prefix = DEMO / "env"
    _clear(prefix)
    # The demo's kernel is registered beside its environment, not in the user's Jupyter.
    os.environ["JUPYTER_DATA_DIR"] = str(DEMO / "jupyter")
    python = f"python={sys.version_info[0]}.{sys.version_info[1]}"
    create = ["create", "-p", str(prefix), "-c", channel, "--override-channels", python, "--kernel", KERNEL]
    _say(f"condadeps {' '.join(create)}")
    made = subprocess.run([sys.executable, "-m", "condadeps", *create, "--no-record"], check=False)
    if made.returncode:
        return 1
    (prefix / ".condarc").write_text(f"channels:\n  - {channel}\n", "utf-8")
    _say("running examples/quickstart.ipynb in its kernel")
    problem = _run(ROOT / "examples" / "quickstart.ipynb", DEMO / "quickstart.ipynb")
    if problem:
        print(problem, file=sys.stderr)
        return 1
    _say(f"done in {time.monotonic() - started:.0f} s. The packages came from {channel}")
    print(f"the executed notebook:  {DEMO / 'quickstart.ipynb'}")
    print(f"what was asked for:     {DEMO / 'environment.yml'}")
    print(f"the environment:        {prefix}")
    command = Path(sys.executable).with_name("condadeps")
    print(f"to go on, from that channel: {command} install -p {prefix} pandas")
    return 0


def _say(message: str) -> None:
    print(f"· {message}", flush=True)


def _channel() -> str:
    """The channel to use, having said which."""
    import requests

    from condadeps.sources.channels import resolve
    from condadeps.sources.condarc import CondaConfig

    config = CondaConfig.read(None, os.environ)
    name = config.channels[0]
    base = resolve(name, config)[0].base_url
    if base.startswith("file:"):
        return name
    for file in ("repodata.json.zst", "repodata.json"):
        url = f"{base}/noarch/{file}"
        try:
            answer = requests.head(url, timeout=ANSWER_WITHIN, allow_redirects=True)
        except requests.RequestException as error:
            reason = type(error).__name__
            break
        if answer.ok:
            _say(f"using {name}: it answers")
            return name
        reason = f"HTTP {answer.status_code}"
    _say(f"{name} does not answer here ({reason}): using the tests' local channel of real packages")
    return _local_channel()


def _local_channel() -> str:
    sys.path.insert(0, str(ROOT))
    from tests.channel import cached

    return cached.channel(say=_say).as_uri()


def _clear(prefix: Path) -> None:
    """Removes what the demo before left, so that this one starts from nothing too."""
    shutil.rmtree(prefix, ignore_errors=True)
    shutil.rmtree(DEMO / "jupyter", ignore_errors=True)
    for name in ("quickstart.ipynb", "environment.yml"):
        (DEMO / name).unlink(missing_ok=True)


def _run(notebook: Path, executed: Path) -> str | None:
    """Runs ``notebook`` where ``executed`` will be, writes that, and returns what went wrong, if it did."""
    document: Any = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        document,
        kernel_name=KERNEL,
        timeout=900,
        resources={"metadata": {"path": str(executed.parent)}},
        # ipykernel warns that TCP can be listened to: here it goes from this machine to itself.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    # As a Jupyter server that runs elsewhere would start it: our virtual environment is not the kernel's.
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    problem = None
    try:
        client.execute(env=env)
    except CellExecutionError as error:
        problem = str(error)
    finally:
        nbformat.write(document, executed)  # type: ignore[no-untyped-call]
    if problem is None and not _drew(document):
        problem = f"the notebook ran and drew no plot: {executed}"
    if problem is None and not (executed.parent / "environment.yml").is_file():
        problem = f"the notebook ran and nothing was recorded in {executed.parent}"
    return problem


def _drew(document: Any) -> bool:
    outputs = [output for cell in document.cells for output in cell.get("outputs", ())]
    return any("image/png" in output.get("data", {}) for output in outputs)


if __name__ == "__main__":
    sys.exit(main())
