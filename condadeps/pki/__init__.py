"""PKI: the client certificate that pypki3 (a project on PyPI) holds, for servers that want one.

:mod:`~condadeps.pki.loaded` has the door ask pypki3 for it, :mod:`~condadeps.pki.identity` is what the door
hands to the engine, :mod:`~condadeps.pki.held` what the engine holds of it while it works, and
:mod:`~condadeps.pki.keyfile` is where it lies when something can only be told a path.
"""
