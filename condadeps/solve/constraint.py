"""A PEP 440 requirement in conda's grammar, admitting the same versions of the package."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.specifiers import SpecifierSet

from condadeps.prefix.conda_match import conda_grammar
from condadeps.solve.universe import Entry


def conda_constraint(specifier: SpecifierSet, entry: Entry) -> str:
    """``specifier`` as conda's version spec, exact over the versions the home has."""
    admitted, numbers = entry.admitted(specifier), entry.order.numbers
    verdicts = {c.text: numbers[c.version or c.text] in admitted for c in entry.conda}
    return exactly(conda_grammar(specifier), verdicts)


def exactly(text: str, verdicts: Mapping[str, bool]) -> str:
    """A version spec of conda's grammar that admits the versions whose verdict is true, and no other of them.

    ``text`` is the spec as it would be were the grammars one. Where they part (pre-releases, ``.post``,
    local versions), the versions conda would wrongly take are excluded by name, and those it would wrongly
    leave are added.
    """
    from rattler import Version as CondaVersion
    from rattler import VersionSpec

    if not text:
        return ""
    spec = VersionSpec(text)
    does = {version: spec.matches(CondaVersion(version)) for version in verdicts}
    wrong = [version for version, should in verdicts.items() if does[version] and not should]
    missing = [version for version, should in verdicts.items() if should and not does[version]]
    exact = ",".join([text, *(f"!={version}" for version in wrong)])
    return "|".join([exact, *(f"=={version}" for version in missing)])
