"""Running a kernel's first cell, to see that it works."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from condadeps.kernels.definition import Definition
from condadeps.show.units import seconds

_START_SECONDS = 180.0
_CELL_SECONDS = 180.0
_SHOWN = 400


def first_cell(definition: Definition, directory: Path) -> tuple[str, bool]:
    """Start the kernel of the kernelspec in ``directory`` and run its definition's first cell.

    Returns a line for a person, and whether it did not do what it should.
    """
    if definition.check is None:
        return f"{definition.name}: installed; its definition has no first cell to check it by", False
    started = time.monotonic()
    try:
        said, raised = _run(directory, definition.check.code)
    except Exception as error:  # jupyter_client's are of many kinds, and each means the same
        return f"{definition.name}: installed, but its kernel does not start: {error}", True
    if definition.check.expects in said and not raised:
        took = seconds(time.monotonic() - started)
        return f"{definition.name}: its kernel works (first cell in {took})", False
    told = said.strip()[:_SHOWN] or "nothing"
    return (
        f"{definition.name}: installed, but its first cell ({definition.check.code!r}) said {told}, "
        f"not {definition.check.expects!r}",
        True,
    )


def _run(directory: Path, code: str) -> tuple[str, bool]:
    """What the cell said, and whether it ended in an error."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    make: Any = KernelManager  # untyped: traitlets makes its constructor
    specs: Any = KernelSpecManager
    manager = make(
        kernel_name=directory.name,
        kernel_spec_manager=specs(kernel_dirs=[str(directory.parent)], ensure_native_kernel=False),
    )
    said: list[str] = []
    manager.start_kernel()
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_START_SECONDS)
        reply = client.execute_interactive(
            code, allow_stdin=False, timeout=_CELL_SECONDS, output_hook=lambda one: said.append(_text(one))
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said), reply["content"]["status"] != "ok"


def _text(message: dict[str, Any]) -> str:
    content = message["content"]
    if "text" in content:
        return str(content["text"])
    if "traceback" in content:
        return "\n".join(content["traceback"])
    return str(content.get("data", {}).get("text/plain", ""))
