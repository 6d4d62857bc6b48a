"""How a command is typed: ``condadeps`` in a terminal, ``%condadeps`` in a notebook."""

from __future__ import annotations

import re

from condadeps.asked.verbs import VERBS

_COMMAND = rf"(?<![\w%./~-])condadeps(?= (?:{'|'.join(sorted(VERBS))})\b)"


def as_magic(text: str) -> str:
    """``text`` with the commands in it as they are typed in a notebook.

    >>> as_magic("`condadeps create -p DIR` makes one; condadeps is not in it")
    '`%condadeps create -p DIR` makes one; condadeps is not in it'
    """
    if "condadeps " not in text:
        return text
    return re.sub(_COMMAND, "%condadeps", text)
