"""How a server says that it wants a client certificate, or another one: an alert of TLS, several layers deep.

Many only hang up, since the client writes before it reads the alert; then it may be that, and is said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

HELP = "the setting pki (--pki, use_pki=True) shows the client certificate that pypki3 holds"

_ALERTS = re.compile(
    r"certificate[_ ]?required|alert[_ ](?:bad[_ ]certificate|certificate|unknown[_ ]ca)"
    r"|fatal alert: (?:bad|unknown)?(?:certificate|ca)",
    re.IGNORECASE,
)
_HANGING_UP = re.compile(
    r"EOF occurred in violation of protocol|alert[_ ]handshake[_ ]failure|fatal alert: HandshakeFailure"
    r"|peer closed connection without sending TLS close_notify",
    re.IGNORECASE,
)


def words(error: BaseException | str) -> str | None:
    """What ``error``, or what lies below it, says of certificates of ours; None when it says nothing."""
    texts = [error] if isinstance(error, str) else [str(one) for one in _chain(error)]
    if any(_ALERTS.search(text) for text in texts):
        return "it wants a client certificate, or another one"
    if any(_HANGING_UP.search(text) for text in texts):
        return "it hangs up on TLS; perhaps it wants a client certificate"
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        inner = [
            one for one in (getattr(error, "reason", None), *error.args) if isinstance(one, BaseException)
        ]
        error = inner[0] if inner else error.__cause__ or error.__context__
