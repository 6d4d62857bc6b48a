"""YAML as a tree of nodes that know where in the text they stand."""

from __future__ import annotations

import re
from typing import Any

_DEEPEST = 100
"""Brackets within brackets; the parser's time grows with the square of it."""


class InvalidYaml(ValueError):
    """The text is no YAML; ``line`` counts from 1, None when it is not known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def compose(text: str) -> Any:
    """The root node of the one document in ``text``, None when there is nothing in it. Raises InvalidYaml."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    _check_depth(text)
    try:
        return YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        raise InvalidYaml(f"is not YAML: {error.problem}", line) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InvalidYaml(f"is not YAML: {str(error).partition(chr(10))[0]}") from None


def is_mapping(node: Any) -> bool:
    """Whether ``node`` is ``key: value`` pairs."""
    return type(node).__name__ == "MappingNode"


def is_list(node: Any) -> bool:
    """Whether ``node`` is a list."""
    return type(node).__name__ == "SequenceNode"


def is_null(node: Any) -> bool:
    """Whether ``node`` is a key's missing value, or one that says there is none."""
    return isinstance(node.value, str) and node.value in ("", "~", "null") and node.style is None


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth = depth + 1 if bracket[0] in "[{" else max(0, depth - 1)
        if depth > _DEEPEST:
            line = text.count("\n", 0, bracket.start()) + 1
            raise InvalidYaml("is not YAML that is read here: brackets are nested too deeply", line)
