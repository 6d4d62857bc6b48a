"""What one call says itself, in the words of the configuration, and what it may not ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condadeps.config.settings import SETTINGS, Settings
from condadeps.errors import NotYetError

if TYPE_CHECKING:
    from condadeps.asked.job import Options


def of_call(options: Options) -> dict[str, Any]:
    """The settings that ``options`` make, by key; nothing for those that are as when a call says nothing."""
    found: dict[str, Any] = {}
    if options.channels:
        found["channels"] = list(options.channels)
    if options.override_channels:
        found["override_channels"] = True
    if options.pip != "auto":
        found["pip"] = options.pip
    if options.offline:
        found["offline"] = True
    if options.exclude_newer:
        found["exclude_newer"] = options.exclude_newer
    if not options.record:
        found["record.enabled"] = False
    if options.env_file:
        found["record.env_file"] = options.env_file
    return found


def require_built(settings: Settings) -> None:
    """Raises NotYetError for a setting this release does not do: a site's policy is not passed over."""
    for setting in SETTINGS.values():
        value = setting.of(settings)
        if value in setting.unbuilt:
            built = [word for word in getattr(setting.kind, "words", ()) if word not in setting.unbuilt]
            raise NotYetError(
                f'{setting.key} = "{value}" is not built yet',
                help=f"{setting.key} can be {', '.join(built)}; condadeps config shows who set it",
                setting=setting.key,
            )
