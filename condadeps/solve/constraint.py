"""A PEP 440 requirement in conda's grammar, admitting the same versions of the package."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

from condadeps.solve.universe import Entry
from condadeps.solve.wanted import conda_grammar


def conda_constraint(specifier: SpecifierSet, entry: Entry) -> str:
    """``specifier`` as conda's version spec, exact over the versions the home has.

    Where the grammars part (pre-releases, ``.post``, local versions), the versions conda would
    wrongly take are excluded by name, and those it would wrongly leave are added.
    """
    from rattler import Version as CondaVersion
    from rattler import VersionSpec

    text = conda_grammar(specifier)
    if not text:
        return ""
    admitted, numbers = entry.admitted(specifier), entry.order.numbers
    spec = VersionSpec(text)
    wrong: list[str] = []
    missing: list[str] = []
    for candidate in entry.conda:
        should = numbers[candidate.version or candidate.text] in admitted
        does = spec.matches(CondaVersion(candidate.text))
        if does and not should:
            wrong.append(candidate.text)
        elif should and not does:
            missing.append(candidate.text)
    exact = ",".join([text, *(f"!={version}" for version in wrong)])
    return "|".join([exact, *(f"=={version}" for version in missing)])
