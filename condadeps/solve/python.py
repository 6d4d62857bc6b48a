"""Which Python a new environment gets, before anything that depends on it is looked at.

Markers, wheels and Requires-Python are all judged for one Python, so it is chosen first: by
the conda part of what was asked alone.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from condadeps.asked.request import Bare, Project, Request, Spec
from condadeps.errors import NotFoundError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import looked_for
from condadeps.prefix.conda_match import conda_grammar
from condadeps.solve.attempt import Question, Refusal, ask
from condadeps.solve.encode import Encoded
from condadeps.solve.seams import CondaCandidates


async def choose_python(
    requests: Sequence[Request],
    conda: CondaCandidates,
    homes: Homes,
    subdir: str,
    constraints: Sequence[Request] = (),
) -> str:
    """The whole version ("3.12.4") of the Python that a new environment for these requests should have.

    Empty when all of them are conda packages and none needs Python. The newest that the channels have
    and that the conda packages among the requests and the ``constraints`` allow; when those clash, the
    newest that what was said of Python itself allows (the solve then explains the clash). Raises
    NotFoundError when no channel has such a Python, SourceError when a channel does not answer.
    """
    names = await conda.having(
        {name for request in (*requests, *constraints) for name in _looked_for(request, homes)}
    )
    found = [_conda_spec(request, homes, names) for request in requests]
    everything = [spec for spec in found if spec]
    own = [spec for spec in everything if _name(spec) == "python"]
    first = ["python", *everything] if None in found or not found else everything
    limits = tuple(filter(None, (_conda_spec(one, homes, names) for one in constraints if not _marked(one))))
    for specs in (first, ["python", *own]):
        answer = await ask(Question(tuple(dict.fromkeys(specs)), limits), Encoded(), conda, subdir)
        if not isinstance(answer, Refusal):
            return next((str(r.version) for r in answer if r.name.normalized == "python"), "")
    raise NotFoundError(
        f"no configured channel has {own[0] if own else 'python'}",
        detail=[f"looked in {', '.join(conda.written)}"],
        name="python",
        looked_in=list(conda.written),
        near=[],
    )


def _looked_for(request: Request, homes: Homes) -> tuple[PackageName, ...]:
    match request:
        case Bare() | Project():
            return looked_for(request.name, homes)
        case _:
            return ()


def _conda_spec(request: Request, homes: Homes, names: Set[str]) -> str | None:
    match request:
        case Spec():
            return request.spec.rpartition("::")[2]
        case Bare():
            name, specifier = request.name, request.specifier
        case Project() if not request.forced:
            name, specifier = request.name, request.requirement.specifier
        case _:
            return None
    try:
        home = homes.home(ProjectName(name)).package
    except ValueError:
        home = None
    package = home if home in names else name.lower() if isinstance(request, Bare) else None
    if package is None or package not in names:
        return None
    return f"{PackageName(package)} {conda_grammar(specifier)}".rstrip()


def _marked(request: Request) -> bool:
    """Whether a marker must be decided first, which takes a Python."""
    return isinstance(request, Project) and request.requirement.marker is not None


def _name(spec: str) -> str:
    return spec.split(" ", 1)[0].split("=", 1)[0].split("[", 1)[0]
