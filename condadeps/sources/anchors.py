"""What an HTML index page (PEP 503) says: its anchors, and what its head says of them all."""

from __future__ import annotations

from html.parser import HTMLParser


class Anchors(HTMLParser):
    """Keeps the anchors' attributes, the first ``<base>`` and PEP 629's version."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base: str | None = None
        self.repository_version: str | None = None
        self.anchors: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.anchors.append(dict(attrs))
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")
        elif tag == "meta" and dict(attrs).get("name") == "pypi:repository-version":
            self.repository_version = dict(attrs).get("content")
