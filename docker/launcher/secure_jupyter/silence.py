"""Keeping secrets out of logs: Jupyter logs the address of a request that failed, token and all."""

from __future__ import annotations

import logging
from urllib.parse import quote

HIDDEN = "[secret]"


def keep(*secrets: str) -> None:
    """From here on no log record of this process has one of ``secrets`` in its message; empty ones do not
    count.
    """
    # As it is, and as an address has it.
    hidden = [form for secret in secrets if secret for form in {secret, quote(secret, safe="")}]
    if not hidden:
        return

    class Record(logging.LogRecord):
        """A record that says its message without the secrets."""

        def getMessage(self) -> str:
            message = super().getMessage()
            for secret in hidden:
                message = message.replace(secret, HIDDEN)
            return message

    logging.setLogRecordFactory(Record)
