"""Cells run in a real kernel of a real environment, and what came out of each."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


@dataclass(frozen=True)
class Cell:
    """One executed cell."""

    source: str
    outputs: Sequence[Mapping[str, Any]] = ()
    """As the notebook format (4.5) keeps them, after display updates."""
    seconds: float = 0.0
    """From the request to the kernel's idle."""

    @property
    def text(self) -> str:
        """All it printed or showed as plain text, in order."""
        return "".join(_text(output) for output in self.outputs)

    @property
    def html(self) -> str:
        """All it showed as HTML."""
        return "".join(str(one.get("data", {}).get("text/html", "")) for one in self.outputs)

    @property
    def error(self) -> str | None:
        """``Name: message`` of what it raised, if it did."""
        raised = next((one for one in self.outputs if one["output_type"] == "error"), None)
        return f"{raised['ename']}: {raised['evalue']}" if raised else None


def run(
    prefix: Path,
    cells: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    timeout: float = 120,
) -> list[Cell]:
    """Runs ``cells`` one after the other in one kernel whose interpreter is ``prefix``'s.

    The kernel has this process's environment with ``env`` over it, and no PYTHON* variables or
    virtual environment of ours. Raises nbclient's errors when a cell takes longer than ``timeout`` seconds
    or the kernel dies.
    """
    with tempfile.TemporaryDirectory(prefix="kernels-") as directory:
        manager = AsyncKernelManager(kernel_name=_KERNEL, kernel_spec_manager=_specs(prefix, Path(directory)))
        return _executed(cells, manager, cwd, env, timeout)


def run_named(
    name: str,
    folder: Path,
    cells: Sequence[str],
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    timeout: float = 120,
) -> list[Cell]:
    """As :func:`run`, in the kernel that is registered under ``name`` in ``folder``."""
    specs = KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)
    manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=specs)
    return _executed(cells, manager, cwd, env, timeout)


def _executed(
    cells: Sequence[str],
    manager: AsyncKernelManager,
    cwd: Path,
    env: Mapping[str, str | None] | None,
    timeout: float,
) -> list[Cell]:
    import nbformat  # with jsonschema, whose grammars take seconds: not when tests are only collected
    from nbclient import NotebookClient

    new: Any = nbformat.v4  # untyped
    notebook = new.new_notebook(cells=[new.new_code_cell(cell) for cell in cells])
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=int(timeout),
        allow_errors=True,
        record_timing=True,
        resources={"metadata": {"path": str(cwd)}},
    )
    # Without cleanup_kc a kernel of our own manager would go on running.
    client.execute(env=_environment(env or {}), cleanup_kc=True)
    return [_cell(one) for one in notebook.cells]


_KERNEL = "prefix-under-test"


def _specs(prefix: Path, directory: Path) -> KernelSpecManager:
    argv = [str(prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (directory / _KERNEL).mkdir()
    spec = {"argv": argv, "display_name": _KERNEL, "language": "python"}
    (directory / _KERNEL / "kernel.json").write_text(json.dumps(spec), "utf-8")
    return KernelSpecManager(kernel_dirs=[str(directory)], ensure_native_kernel=False)


def _environment(env: Mapping[str, str | None]) -> dict[str, str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "JPY_")) and name != "VIRTUAL_ENV"
    }
    merged = {**ours, **env}
    return {name: value for name, value in merged.items() if value is not None}


def _cell(cell: Any) -> Cell:
    timing = cell.metadata.get("execution", {})
    begun, ended = timing.get("iopub.execute_input"), timing.get("iopub.status.idle")
    seconds = (_moment(ended) - _moment(begun)).total_seconds() if begun and ended else 0.0
    return Cell(source=cell.source, outputs=tuple(cell.outputs), seconds=seconds)


def _moment(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00"))


def _text(output: Mapping[str, Any]) -> str:
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        return "\n".join(output["traceback"]) + "\n"
    return str(output["data"].get("text/plain", "")) + "\n"
