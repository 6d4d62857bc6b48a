"""Notebooks for the tests, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from condadeps.migration.document import Notebook
from condadeps.migration.rewrite import Rewritten, rewritten


def book(*cells: str, tags: Sequence[str] = (), **metadata: Any) -> str:
    """A notebook as Jupyter writes it; ``tags`` are the first cell's."""
    code = [
        {
            "cell_type": "code",
            "execution_count": number,
            "metadata": {"tags": list(tags)} if tags and number == 1 else {},
            "outputs": [],
            "source": cell.splitlines(keepends=True),
        }
        for number, cell in enumerate(cells, 1)
    ]
    document = {"cells": code, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def migrated(*cells: str, tags: Sequence[str] = ()) -> tuple[list[str], Rewritten]:
    """The cells' sources afterwards, and what was told; nothing is left to do in them."""
    result = rewritten(Notebook.read(book(*cells, tags=tags)))
    again = rewritten(Notebook.read(result.text))
    assert not again.changes and again.text == result.text
    return sources(result.text), result


def sources(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
