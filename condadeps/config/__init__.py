"""condadeps' own configuration: ``condadeps.toml`` and its kin, the ``CONDADEPS_*`` variables, the call.

    configuration = config.read(prefix, directory, call=config.of_call(options))
    configuration.settings.record.pin      # "exact"
    configuration.origins["record.pin"]    # () for a default
    configuration.warnings                 # what was not obeyed, to be shown

``docs/configuration.md`` has the settings and the rules. Reading takes well under a millisecond when there
is nothing to read, or nothing changed: every call of a door does it.
"""

from __future__ import annotations

from condadeps.config.call import of_call, require_built
from condadeps.config.configuration import Configuration, own, read
from condadeps.config.merge import Origin
from condadeps.config.settings import SETTINGS, Setting, Settings
from condadeps.config.trust import trusted

__all__ = [
    "SETTINGS",
    "Configuration",
    "Origin",
    "Setting",
    "Settings",
    "of_call",
    "own",
    "read",
    "require_built",
    "trusted",
]
