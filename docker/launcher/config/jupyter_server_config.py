"""Jupyter Server's configuration when the launcher starts it; nothing for any other server."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from secure_jupyter import configuration

configuration.apply(get_config())  # noqa: F821
