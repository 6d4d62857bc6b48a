"""Does an installed conda package meet a MatchSpec (CEP 29)? True only when that is certain."""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet

from condadeps.asked.matchspec import MatchSpec
from condadeps.prefix.conda_version import satisfies
from condadeps.prefix.installed import InstalledPackage
from condadeps.prefix.requirements import spelled

_BUILD_NUMBER = r"([<>]=?|==?|!=)?\s*([0-9]+)"
_FACTS = frozenset(("md5", "sha256", "url", "fn"))


def matches(spec: MatchSpec, package: InstalledPackage) -> bool:
    """Whether ``package`` certainly meets ``spec``; False too for what cannot be told from its record."""
    if spec.name != package.name or (spec.channel and not from_channel(package, spec.channel)):
        return False
    if spec.build is not None and not _glob(spec.build, package.build):
        return False
    version = spec.version
    if spec.build is not None and re.fullmatch(r"=[^=<>!~,|]*", version):
        version = version[1:]  # "name=1.2=build" is exact, "name=1.2" is not
    if version and not satisfies(package.version, version):
        return False
    return all(_bracket(key, value, package) for key, value in spec.brackets.items())


def from_channel(package: InstalledPackage, channel: str) -> bool:
    """Whether ``package`` came from ``channel``: a URL, or a name that ends the record's URL."""
    wanted, theirs = _without_subdir(channel, package), _without_subdir(package.channel, package)
    return theirs == wanted or ("://" not in wanted and theirs.endswith(f"/{wanted}"))


def conda_grammar(specifier: SpecifierSet) -> str:
    """A PEP 440 specifier in conda's grammar.

    >>> conda_grammar(SpecifierSet("<3,>=2")), conda_grammar(SpecifierSet("==1.2.*"))
    ('>=2,<3', '1.2.*')
    """
    clauses = filter(None, spelled(specifier).split(","))
    return ",".join(_conda_clause(clause) for clause in clauses)


def _conda_clause(clause: str) -> str:
    if clause.startswith("==="):
        return clause[1:]
    return clause[2:] if clause.startswith("==") and clause.endswith(".*") else clause


def _bracket(key: str, value: str, package: InstalledPackage) -> bool:
    match key:
        case "version":
            return satisfies(package.version, value) is True
        case "build":
            return _glob(value, package.build)
        case "build_number":
            return _number(value, package.build_number)
        case "subdir":
            return package.subdir == value
        case "channel":
            return from_channel(package, value)
    return key in _FACTS and str(package.record.get(key, "")) == value


def _number(spec: str, number: int) -> bool:
    match = re.fullmatch(_BUILD_NUMBER, spec.strip())
    if match is None:
        return False
    operator, wanted = match.group(1) or "==", int(match.group(2))
    return {
        "=": number == wanted,
        "==": number == wanted,
        "!=": number != wanted,
        "<": number < wanted,
        "<=": number <= wanted,
        ">": number > wanted,
        ">=": number >= wanted,
    }[operator]


def _glob(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def _without_subdir(channel: str, package: InstalledPackage) -> str:
    bare = channel.rstrip("/")
    for subdir in (package.subdir, "noarch"):
        bare = bare.removesuffix(f"/{subdir}")
    return bare
