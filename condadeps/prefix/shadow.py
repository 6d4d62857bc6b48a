"""What stands before an environment on Python's path: the user's site (``~/.local``)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from condadeps.names.namespaces import ProjectName
from condadeps.prefix.installed import Distribution, distributions_in
from condadeps.prefix.target import Target


def user_site(target: Target, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The user's site directory that ``target``'s Python puts before its own; None when it uses none."""
    if not target.has_python or environ.get("PYTHONNOUSERSITE"):
        return None
    if target.is_running:
        import site

        return Path(site.getusersitepackages()) if site.ENABLE_USER_SITE else None
    if target.is_venv and not _sees_system(target.prefix):
        return None
    return _directory(target, environ)


def shadowing(
    target: Target, projects: Iterable[ProjectName], environ: Mapping[str, str] = os.environ
) -> dict[ProjectName, Distribution]:
    """Those of ``projects`` whose import would find the user's site's copy and not the environment's."""
    directory = user_site(target, environ)
    if directory is None or directory in target.paths:
        return {}
    theirs = distributions_in(directory)
    return {project: theirs[project] for project in projects if project in theirs and theirs[project].exists}


def warning(found: Distribution) -> str:
    """What to tell a person about one of them."""
    return (
        f"{found.project} {found.version} in {found.location.parent} hides the environment's copy: "
        f"`python -m pip uninstall {found.project}` removes it, PYTHONNOUSERSITE=1 ignores it"
    )


def _directory(target: Target, environ: Mapping[str, str]) -> Path | None:
    base = environ.get("PYTHONUSERBASE")
    if target.subdir.startswith("win-"):
        root = base or (str(Path(environ["APPDATA"]) / "Python") if environ.get("APPDATA") else None)
        return Path(root) / f"Python{target.minor.replace('.', '')}" / "site-packages" if root else None
    root = base or os.path.expanduser("~/.local")  # noqa: PTH111 (no home is no error here)
    name = target.stdlib.name if target.is_conda else f"python{target.minor}"
    return Path(root) / "lib" / name / "site-packages"


def _sees_system(prefix: Path) -> bool:
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    settings = {
        key.strip().lower(): value.strip().lower() for key, _, value in (x.partition("=") for x in lines)
    }
    return settings.get("include-system-site-packages") == "true"
