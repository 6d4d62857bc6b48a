"""What a change moved that the environment file lists: asked for earlier, and now at another version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record.listed import Listed
from condadeps.solve.plan import Answer, Plan


def moved(plan: Plan, file: Listed, homes: Homes) -> tuple[Answer, ...]:
    """An answer for each listed name that ``plan`` moved and did not itself answer.

    Recorded like a bare request: a constraint that still holds stays as written, a version that
    is not there any more is replaced by the one that is. A project that changed hands moves to the
    other manager's list.
    """
    answered = {(answer.manager, answer.name) for answer in plan.answers}
    answered |= {("pip", str(answer.project)) for answer in plan.answers if answer.project}
    return tuple(one for one in _all(plan, file, homes) if not answered & _names(one))


def standing(file: Listed, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """The file's other projects, to ask what they need: their versions do not matter for that."""
    known = {answer.project or answer.name for answer in answers}
    return tuple(
        Answer(project, "", "pip", project, "", "", tuple(file.extras.get(project, ())), project)
        for project in sorted(file.projects - known)
    )


def _all(plan: Plan, file: Listed, homes: Homes) -> Iterator[Answer]:
    versions = {link.package.name: link.package.version for link in plan.link}
    for link in plan.link:
        if link.previous is not None and link.package.name in file.packages:
            yield _conda(link.package.name, link.package.version, None)
    for install in plan.install:
        artifact = install.artifact
        if install.previous is not None and artifact.project in file.projects:
            yield Answer(
                artifact.project, "", "pip", artifact.project, artifact.version, "", (), artifact.project
            )
    for gone in plan.uninstall:
        home = homes.home(gone.project).package
        if gone.project in file.projects and home in versions:
            yield _conda(home, versions[home], gone.project)


def _conda(name: PackageName, version: str, project: ProjectName | None) -> Answer:
    return Answer(name, "", "conda", name, version, "", (), project)


def _names(answer: Answer) -> set[tuple[str, str]]:
    return {(answer.manager, answer.name)} | ({("pip", str(answer.project))} if answer.project else set())
