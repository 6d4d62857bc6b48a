"""The gallery's way in: what its pages may do here, and nothing more; and a way in that its code leaves open.

"Run in Jupyter" on a page of the gallery looks whether a notebook is there (``GET /api/contents/…``) and
puts it there (``POST /post/…``), with the user's cookie and no XSRF token, which it cannot know. The
published images turn XSRF off and open every address to the gallery for this, the page with the token in it
included. Here both are open to the gallery's exact origin and for these two alone: it learns that a file is
there and not what is in it, and puts notebooks and nothing else (an environment file would be installed at
the next start). Its own extension in JupyterLab (autodownload) posts to ``/post/…`` too, from our own pages
and equally without a token, so these count as well. Its user preferences are taken from the gallery and reset
the same way, from our own pages alone.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import unquote

CONTENTS = "api/contents"
POST = "post/"
_INJECTED = ("uuid", "git_commit_id")
_ID = re.compile(r"[0-9A-Za-z-]{0,64}")


def opened(method: str, path: str, base_url: str) -> bool:
    """Whether a page of the gallery may send ``method`` to ``path`` and see the answer."""
    if not path.startswith(base_url):
        return False
    place = path[len(base_url) :]
    if place.startswith(POST):
        return method in ("POST", "OPTIONS")
    return (place == CONTENTS or place.startswith(CONTENTS + "/")) and method in ("GET", "HEAD")


def excused(method: str, origin: str | None, own: str, gallery: str) -> bool:
    """Whether a request to ``/post/…`` needs no XSRF token: browsers say truly where a POST comes from.

    Only our pages (``own``, the origin the request went to) and the gallery's may be the ``origin``.
    """
    return method == "POST" and origin is not None and origin.lower() in (gallery, own.lower())


def puts_a_notebook(path: str, body: bytes, directories: bool = False) -> bool:
    """Whether a request to ``/post/…`` makes a notebook, by name and content, or a directory if it may."""
    try:
        model = json.loads(body)
    except ValueError:
        return False
    place = unquote(path)
    if "/." in place or not isinstance(model, dict):
        return False
    notebook = model.get("type") == "notebook" and place.endswith(".ipynb")
    return notebook or (directories and model.get("type") == "directory")


def at_home(method: str, origin: str | None, own: str) -> bool:
    """Whether a request to nbgallery's preferences needs no XSRF token: one of our own pages sends it."""
    return method in ("POST", "DELETE") and origin is not None and origin.lower() == own.lower()


def install(gallery: str) -> None:
    """Opens Jupyter Server's and nbgallery's handlers to the origin ``gallery``, as told above.

    Properties of two classes: the handlers themselves, their paths and their order stay nbgallery's.
    """
    from jupyter_server.services.contents.handlers import ContentsHandler
    from jupyterlab_nbgallery.handlers import EnvironmentHandler, PostHack, PreferencesHandler
    from tornado.web import HTTPError

    def allowed(handler: Any) -> bool:
        return opened(handler.request.method, handler.request.path, handler.base_url)

    def allow_origin(handler: Any) -> Any:
        return gallery if allowed(handler) else handler.settings.get("allow_origin", "")

    def allow_credentials(handler: Any) -> Any:
        return True if allowed(handler) else handler.settings.get("allow_credentials", False)

    def of_posts(handler: Any) -> None:
        request = handler.request
        own, origin = _own(request), request.headers.get("Origin")
        if not excused(request.method, origin, own, gallery):
            ContentsHandler.check_xsrf_cookie(handler)
        elif not puts_a_notebook(request.path, request.body, directories=origin.lower() == own.lower()):
            raise HTTPError(403, "Only notebooks are put here, under names that end in .ipynb")

    def of_preferences(handler: Any) -> None:
        request = handler.request
        if not at_home(request.method, request.headers.get("Origin"), _own(request)):
            ContentsHandler.check_xsrf_cookie(handler)

    async def get_told(handler: Any, path: str = "") -> None:
        if handler.request.headers.get("Origin", "").lower() == gallery:
            handler.request.query_arguments.update(content=[b"0"], hash=[b"0"])
        await get(handler, path)

    get = ContentsHandler.get
    ContentsHandler.get = get_told
    ContentsHandler.allow_origin = property(allow_origin)
    ContentsHandler.allow_credentials = property(allow_credentials)
    PostHack.check_xsrf_cookie = of_posts
    PreferencesHandler.check_xsrf_cookie = of_preferences
    _tell_more(EnvironmentHandler)


def _own(request: Any) -> str:
    """The origin that a request was sent to."""
    return f"{request.protocol}://{request.host}"


def disarm() -> None:
    """Keeps notebooks from running code when they are opened.

    nbgallery's ``inject-uuid`` puts ``metadata.gallery.uuid`` and ``.git_commit_id`` between quotes into code
    that it runs in the kernel. What is neither is left out of what the browser gets; the file stays until
    it is saved.
    """
    from jupyter_server.services.contents.handlers import ContentsHandler

    finish = ContentsHandler._finish_model

    def finish_disarmed(handler: Any, model: Any, location: bool = True) -> None:
        if model.get("type") == "notebook" and isinstance(model.get("content"), dict):
            _drop_code(model["content"])
        finish(handler, model, location)

    ContentsHandler._finish_model = finish_disarmed


def _drop_code(notebook: Any) -> None:
    gallery = notebook.get("metadata", {}).get("gallery")
    if isinstance(gallery, dict):
        for name in _INJECTED:
            if name in gallery and not (isinstance(gallery[name], str) and _ID.fullmatch(gallery[name])):
                del gallery[name]


def _tell_more(handler_class: Any) -> None:
    """nbgallery's own code leaves these two out of what it tells the browser's side of it."""
    tell = handler_class.finish

    def finish(handler: Any, chunk: Any = None, **options: Any) -> Any:
        if handler.request.method == "GET" and isinstance(chunk, str) and handler.get_status() == 200:
            said = json.loads(chunk)
            for name in ("NBGALLERY_CLIENT_TYPE", "NBGALLERY_CLIENT_VERSION"):
                said.setdefault(name, os.environ.get(name))
            chunk = json.dumps(said)
        return tell(handler, chunk, **options)

    handler_class.finish = finish
