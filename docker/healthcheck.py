#!/opt/conda/bin/python
"""Whether the Jupyter server of this container answers; the image's HEALTHCHECK.

Asks the server that last wrote down where it is (``jpserver-*.json``). Its certificate is
not looked at: it names other hosts, and nothing secret is sent. Status 0, or 1 with the
reason.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 4
"""Seconds; HEALTHCHECK's own limit is 5."""


def main() -> int:
    """The check."""
    servers = [server for path in runtime_files() if (server := _read(path))]
    if not servers:
        return _unhealthy("no running server has said where it listens")
    url = api(servers[-1])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=PATIENCE) as answer:
            version = json.load(answer)["version"]
    except (OSError, ValueError, KeyError) as error:
        return _unhealthy(f"{url}: {getattr(error, 'reason', error)}")
    print(f"{url}: jupyter_server {version}")
    return 0


def runtime_files() -> list[Path]:
    """The servers' files, the last written at the end; where Jupyter puts them, for the user it runs as."""
    if runtime := os.environ.get("JUPYTER_RUNTIME_DIR"):
        places = [Path(runtime)]
    elif data := os.environ.get("JUPYTER_DATA_DIR"):
        places = [Path(data, "runtime")]
    else:
        # start.sh may have made another user, with another home than this process is told of.
        homes = {os.environ.get("HOME", "/home/jovyan"), f"/home/{os.environ.get('NB_USER', 'jovyan')}"}
        data = os.environ.get("XDG_DATA_HOME")
        places = [Path(data or Path(home, ".local/share"), "jupyter", "runtime") for home in homes]
    found = [path for place in places for path in place.glob("jpserver-*.json")]
    return sorted(found, key=lambda path: path.stat().st_mtime)


def _read(path: Path) -> dict[str, Any] | None:
    """What a server wrote; None when it is gone without having taken that away."""
    server: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return server if Path("/proc", str(server["pid"])).exists() else None


def api(server: Mapping[str, Any]) -> str:
    """The address that answers without a token. A server that listens everywhere is asked on the loopback."""
    host = str(server["hostname"])
    if host in ("", "0.0.0.0", "*"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if server["secure"] else "http"
    return f"{scheme}://{host}:{server['port']}{server['base_url']}api"


def _unhealthy(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
