"""Everything a plan needs, fetched, checked and laid out before the environment is touched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import guards
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Install, Link, Plan
from condadeps.sources.cache import usable
from condadeps.transaction import bytecode, changes, conda, distributions, history, keeping, pip, verify
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.changes import Changes
from condadeps.transaction.conda import Packages
from condadeps.transaction.executable import Executable
from condadeps.transaction.journal import Occasion
from condadeps.transaction.keeping import Kept
from condadeps.transaction.owners import Owners
from condadeps.transaction.room import Room

_ASIDE = "__clobbers__"
"""Where the engine puts, by package, the files that another package of the same plan has too."""
_UNPACKED = 4
"""How much bigger files are than the archives they come in, roughly and at least."""


@dataclass
class Staging:
    """One plan's preparation in the transaction's room."""

    plan: Plan
    target: Target
    room: Room
    conda: Packages | None
    pypi: pip.Files | None
    reporter: Reporter
    cancel: Cancel
    kept: Kept | None = None
    """What a past change kept, for the plan that takes it back."""
    executable: Executable | None = None
    """What links and unlinks conda's packages in our stead."""
    uv: Path | None = None
    """What lays out the files from PyPI in pip's stead."""
    warnings: list[str] = field(default_factory=list)
    repairs: tuple[Link, ...] = ()
    """Installed conda packages to lay out anew: pip had put files of its own among theirs."""
    fetched: Mapping[ProjectName, Path] = field(default_factory=dict)

    @property
    def python_comes(self) -> bool:
        """Whether there is no Python to run pip with before conda's packages are in place.

        A Python of another minor version counts as none: it has another layout. So does a damaged one.
        """
        new = next((link for link in self.plan.link if link.package.name == "python"), None)
        return new is not None and (
            new.previous is None
            or _minor(new.previous.version) != _minor(new.package.version)
            or new.previous == new.package
        )

    @property
    def pip_wave(self) -> int:
        """The set of changes that pip's files are part of."""
        if self.executable:
            return 2
        return 1 if self.python_comes else 0

    @property
    def tree(self) -> Path:
        """Where conda's packages are laid out, and pip's files too when there is a Python already."""
        return self.room.tree(0)

    def check_space(self) -> None:
        """Raises SpaceError when what is to be fetched will not fit, packed and unpacked."""
        wheels = sum(install.artifact.size or 0 for install in self.plan.install)
        if self.conda is None or not self.plan.link:
            guards.space(self.room.home, wheels * _UNPACKED, prefix=self.room.prefix)
            return
        cache = usable(self.conda.package_cache)
        linked = [link.package for link in self.plan.link]
        new = [package for package in linked if not (cache / package.dist_name).exists()]
        to_cache = sum(package.size or 0 for package in new)
        # Links cost nothing; on another disk than the cache's every package is a copy.
        apart = self.conda.copies or cache.stat().st_dev != self.room.home.stat().st_dev
        here = wheels + (sum(package.size or 0 for package in linked) if apart else to_cache)
        guards.space(self.room.home, here * _UNPACKED, prefix=self.room.prefix)
        guards.space(cache, to_cache * _UNPACKED, prefix=self.room.prefix)

    async def fetch(self) -> None:
        """All downloads, the packages already laid out. Raises SourceError, HashError, CancelledError …"""
        self.reporter.phase("fetch")
        self.repairs = self._repairs() if not self.executable else ()
        links = (*self.plan.link, *self.repairs)
        if links:
            if self.conda is None:
                raise ValueError("a plan that links packages needs a conda source")
            await self._get(links, self.conda)
        if not self.executable:
            verify.staged(self.plan, self.tree)
            self._warn_of_files_set_aside()
        if self._by_pip:
            where = self.room.current / "wheels"
            self.fetched = await pip.fetch(self._by_pip, self.pypi, where, self.cancel)

    async def _get(self, links: Sequence[Link], source: Packages) -> None:
        if self.executable:  # it fetches and lays out by itself
            packages = [link.package for link in links]
            await asyncio.to_thread(conda.check_local, packages, usable(source.package_cache))
            return
        await conda.stage(links, self.room.prefix, self.tree, source, self.reporter, self.cancel)
        work = self.room.current / "bytecode"
        await bytecode.compile_noarch(links, self.tree, self.target, work, self.cancel)

    async def lay_out_pips(self) -> None:
        """Have pip lay its files out, and add them to the tree.

        Raises SourceError (a build failed), TransactionError, CancelledError.
        """
        planned = self._by_pip
        if planned:
            wheels = await pip.build(planned, self.fetched, self.pypi, self.reporter, self.cancel)
            self.reporter.phase("pip", f"laying out {len(planned)} from PyPI")
            work = self.room.current / "pip"
            self._add(await pip.stage(planned, wheels, self.target, self.pypi, work, self.cancel, self.uv))
        if self.kept:
            self._add(keeping.lay_out(self.kept, self.room.current / "kept"))

    def _add(self, laid_out: Path) -> None:
        if laid_out.exists():
            self._leave_condas_alone(laid_out)
            _merge(laid_out, self.room.tree(self.pip_wave))

    def add_records(self, occasion: Occasion, when: float) -> None:
        """Stage what conda keeps about a change: requested specs and the history."""
        if not self.target.is_conda:
            return
        asked = {
            PackageName(answer.name): f"{answer.name}{answer.constraint}"
            for answer in self.plan.answers
            if answer.manager == "conda"
        }
        new = [
            asked[PackageName(one.name)]
            for one in self.plan.answers
            if one.manager == "conda" and not one.already
        ]
        if not self.executable:
            conda.write_specs(self.room.prefix, self.tree, asked, (*self.plan.link, *self.repairs))
        removed = conda.requested(self.room.prefix, [one.package.name for one in self.plan.unlink])
        if self.kept and self.executable:  # it writes the records, and is told what was asked for
            again, no_more = conda.asked_again(self.room.prefix, conda.kept_records(self.kept))
        elif self.kept:
            again, no_more = conda.restore_records(self.room.prefix, self.tree, self.kept)
        else:
            again, no_more = [], []
        new += again
        removed += no_more
        tree = self.tree if not self.executable else self.room.tree(2)
        history.stage(self.room.prefix, tree, self.plan, new, occasion.command, when, removed)

    def handed_over(self) -> Changes:
        """What an executable is about to remove or to write, to be kept before it does."""
        meta = [path.relative_to(self.room.prefix).as_posix() for path in self._meta()]
        gone = {*conda.gone(self.room.prefix, self._leaving()), *meta}
        found = changes.between(self.room.prefix, self.room.tree(1), gone)
        return Changes(remove=found.remove, displaced=found.displaced, directories=found.directories)

    def _meta(self) -> list[Path]:
        folder = self.room.prefix / "conda-meta"
        return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []

    def specs(self) -> dict[PackageName, tuple[str, ...]]:
        """What is asked for of each package whose record is to say so; to be read before any is linked."""
        earlier = conda.specs(self.room.prefix)
        asked: dict[PackageName, tuple[str, ...]] = {
            PackageName(one.name): (f"{one.name}{one.constraint}",)
            for one in self.plan.answers
            if one.manager == "conda"
        }
        asked |= {then.name: conda.specs_of(then) for then in conda.kept_records(self.kept)}
        linked = {link.package.name: earlier.get(link.package.name, ()) for link in self.plan.link}
        changed = {name: specs for name, specs in asked.items() if specs != earlier.get(name)}
        return {**linked, **changed}

    def changes(self, wave: int) -> Changes:
        """What the staged tree and the plan's removals mean for the environment as it is now.

        The removals are part of the first set of changes.
        """
        gone = self._gone() if wave == 0 else set()
        found = changes.between(self.room.prefix, self.room.tree(wave), gone)
        self._warn_of_clobbering(path for path in found.displaced if path not in gone)
        return found

    def _gone(self) -> set[str]:
        names = self._leaving()
        paths = conda.gone(self.room.prefix, names) if not self.executable else set()
        if self._projects:
            paths |= distributions.gone(self.target, self._projects, Owners(self.room.prefix, names))
        return paths

    def _repairs(self) -> tuple[Link, ...]:
        """What pip's leaving copies had overwritten of conda packages that stay."""
        if not self._projects or not self.target.is_conda:
            return ()
        owners = Owners(self.room.prefix, self._leaving())
        names = distributions.clobbered(self.target, self._projects, owners)
        self.warnings += [f"{name} is laid out anew: pip had replaced some of its files" for name in names]
        return conda.relinked(self.room.prefix, names)

    @property
    def _projects(self) -> set[ProjectName]:
        """Whose copies by pip leave, for good or for another version."""
        if not self.target.has_python:
            return set()
        leaving = {one.project for one in self.plan.uninstall}
        return leaving | {one.artifact.project for one in self.plan.install}

    @property
    def _by_pip(self) -> tuple[Install, ...]:
        """What pip lays out: all that is not kept from an earlier time."""
        return tuple(one for one in self.plan.install if one.artifact.url != pip.KEPT)

    def owners(self) -> Owners:
        """Who has which file of what stays of conda's."""
        return Owners(self.room.prefix, self._leaving())

    def _leaving(self) -> set[PackageName]:
        names = {link.package.name for link in (*self.plan.link, *self.repairs)}
        return names | {one.package.name for one in self.plan.unlink}

    def _leave_condas_alone(self, laid_out: Path) -> None:
        """pip's files give way to a conda package's: they are neither put in place nor claimed."""
        owners = Owners(self.room.prefix, () if self.python_comes else self._leaving())
        taken = {
            path
            for path in changes.paths_in(laid_out)
            if os.path.lexists(self.tree / path)
            or (os.path.lexists(self.room.prefix / path) and path in owners)
        }
        for path in sorted(taken):
            (laid_out / path).unlink()
            self.warnings.append(f"{path} is left as conda has it: a project from PyPI has one too")
        if taken:
            pip.disclaim(laid_out, taken)

    def _warn_of_clobbering(self, paths: Iterable[str]) -> None:
        owners = Owners(self.room.prefix, self._leaving())
        found: dict[PackageName, list[str]] = {}
        for path in paths:
            owner = owners.of(path) if not path.startswith("conda-meta/") else None
            if owner:
                found.setdefault(owner, []).append(path)
        self.warnings += [
            f"{_some(files, owner)} replaced: another package has {_it(files)} too"
            for owner, files in found.items()
        ]

    def _warn_of_files_set_aside(self) -> None:
        """Of packages that come together and have the same files, the engine puts one's in place."""
        folders = sorted((self.tree / _ASIDE).glob("*"))
        aside = {folder.name: sorted(changes.paths_in(folder)) for folder in folders}
        self.warnings += [
            f"{_some(paths, name)} set aside: another package has {_it(paths)} too"
            for name, paths in aside.items()
            if paths
        ]


def _merge(source: Path, tree: Path) -> None:
    for path in changes.between(tree, source, ()).place:
        (source / path).replace(tree / path)


def _some(paths: Sequence[str], owner: str) -> str:
    """``share/x of one was``, ``share/x and 3 other files of one were``."""
    more = len(paths) - 1
    others = f" and {more} other file{'s' if more > 1 else ''}" if more else ""
    return f"{paths[0]}{others} of {owner} {'were' if more else 'was'}"


def _it(paths: Sequence[str]) -> str:
    return "them" if len(paths) > 1 else "one"


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]
