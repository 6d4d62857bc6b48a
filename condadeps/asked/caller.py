"""The notebook that a call is made in, as far as its front end tells this kernel.

* VS Code puts the path into the session, as ``__vsc_ipynb_file__``.
* Jupyter Server (2.0.7 and later: JupyterLab, Notebook 7, nbclassic) starts the kernel with
  ``JPY_SESSION_NAME``, the path, and in the notebook's directory.

Neither is a promise: a kernel on another machine is told a path that is none there, and what a
kernel starts inherits its variables. So a path counts only when there is such a file here, and
the variable's only when the kernel was started in that file's directory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def notebook() -> str | None:
    """The path of the notebook whose cell is running; None outside of notebooks, and when nobody tells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return told(shell, os.environ) if getattr(shell, "kernel", None) is not None else None


def told(shell: Any, environ: Mapping[str, str]) -> str | None:
    """The notebook's path by what ``shell`` and ``environ`` say, when it can be believed."""
    path = _existing(shell.user_ns.get("__vsc_ipynb_file__"))
    if path is not None:
        return str(path)
    path = _existing(environ.get("JPY_SESSION_NAME"))
    return str(path) if path is not None and _same(path.parent, shell.starting_dir) else None


def _existing(text: object) -> Path | None:
    if not isinstance(text, str) or not text.lower().endswith(".ipynb"):
        return None
    try:
        path = Path(text)
        return path if path.is_absolute() and path.is_file() else None
    except (OSError, ValueError):
        return None


def _same(one: Path, other: str) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
