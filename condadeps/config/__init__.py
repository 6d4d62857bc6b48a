"""condadeps' own configuration: ``condadeps.toml`` and its kin, the ``CONDADEPS_*`` variables, the call.

    job, configuration = config.settle(job)         # a door: the call's options, and what they leave open
    configuration = config.read(prefix, directory)  # without a call
    configuration.settings.record.pin      # "exact"
    configuration.origins["record.pin"]    # () for a default
    configuration.warnings                 # what was not obeyed, to be shown

``docs/configuration.md`` has the settings and the rules. Reading takes well under a millisecond when there
is nothing to read, or nothing changed: every call of a door does it.
"""

from __future__ import annotations

from condadeps.config.call import of_call, resolved, settle
from condadeps.config.configuration import Configuration, own, read
from condadeps.config.merge import Origin
from condadeps.config.settings import SETTINGS, Setting, Settings

__all__ = [
    "SETTINGS",
    "Configuration",
    "Origin",
    "Setting",
    "Settings",
    "of_call",
    "own",
    "read",
    "resolved",
    "settle",
]
