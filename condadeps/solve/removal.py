"""What goes when something is removed: it, and what nothing else needs any more; or why it cannot go."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from condadeps.asked.request import Bare, Direct, Project, Request, Spec
from condadeps.errors import ConflictError, NotFoundError, RequestError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.dependents import Graph, Node

ALWAYS = frozenset(
    Node(manager, name)
    for manager in ("conda", "pip")
    for name in ("python", "pip", "ipykernel", "condadeps", "conda")
)
"""What a kernel lives on (rule 7): never removed as what only something else needed."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, each with its reason."""

    gone: tuple[tuple[Node, str], ...]
    left: tuple[Node, ...] = ()
    """What only that needed and stays: perhaps it was asked for."""

    @property
    def nodes(self) -> frozenset[Node]:
        """What goes."""
        return frozenset(node for node, _ in self.gone)


def removal(
    graph: Graph, named: Sequence[Node], *, keep_dependencies: bool = False, untold: Collection[Node] = ()
) -> Removal:
    """What goes with ``named``. Raises ConflictError when something that stays needs one of them.

    ``untold`` is what nobody knows of whether it was asked for: it goes only when it is named.
    """
    named = list(dict.fromkeys(named))
    needing = graph.needing(named) - set(named)
    tops = [one for one in sorted(needing) if one in graph.asked | ALWAYS or graph.needing([one]) == {one}]
    if tops:
        raise _needed(graph, named, tops)
    gone = {node: "asked" for node in named}
    for node in sorted(needing):
        gone[node] = f"it needs {graph.chain(node, named)[1].name}"
    if keep_dependencies:
        return Removal(tuple(gone.items()))
    idle = _idle(graph, gone, graph.asked | ALWAYS)
    free = _idle(graph, gone, graph.asked | ALWAYS | frozenset(untold))
    for node in sorted(free):
        user = next(one for one in gone if node in graph.needed_by([one]))
        gone[node] = f"only {user.name} needed it"
    return Removal(tuple(gone.items()), tuple(sorted(idle - free)))


def _idle(graph: Graph, gone: Collection[Node], kept: frozenset[Node]) -> set[Node]:
    """What only ``gone`` needed, and what only that needed, but for what is ``kept``."""
    came_along = graph.needed_by(gone)
    staying = (set(graph.needs) - came_along) | (kept & came_along)
    return came_along - graph.needed_by(staying - set(gone)) - set(gone)


def _needed(graph: Graph, named: Sequence[Node], tops: Sequence[Node]) -> ConflictError:
    chains = [graph.chain(top, named) for top in tops]
    needed = [str(node) for node in named if any(chain[-1] == node for chain in chains)]
    words = shlex.join(typed(node) for node in (*named, *tops))
    return ConflictError(
        f"{' and '.join(needed)} cannot go: what was asked for needs {'it' if len(needed) == 1 else 'them'}",
        detail=[told(chain) for chain in chains[:8]],
        help=f"to remove that too: condadeps remove {words}",
        chains=[[str(node) for node in chain] for chain in chains],
        relax=[str(node) for node in tops],
    )


def told(chain: Sequence[Node]) -> str:
    """``a needs b, which needs c``, of two nodes or more."""
    return f"{chain[0]} needs " + ", which needs ".join(map(str, chain[1:]))


def typed(node: Node) -> str:
    """What somebody types who means just that."""
    return node.name if node.manager == "conda" else f"pypi:{node.name}"


def named(
    requests: Sequence[Request],
    graph: Graph,
    packages: Collection[PackageName],
    homes: Homes,
) -> list[Node]:
    """The installed things that ``requests`` name. Raises NotFoundError or RequestError."""
    return [_one(request, graph, packages, homes) for request in requests]


def _one(request: Request, graph: Graph, packages: Collection[PackageName], homes: Homes) -> Node:
    match request:
        case Direct() if request.name is None:
            raise _only_names(request)
        case Direct():
            found = graph.known_as(ProjectName(str(request.name)))
        case Spec():
            if request.spec.rpartition("::")[2].strip() != request.name:
                raise _only_names(request)
            found = Node("conda", request.name) if request.name in packages else None
        case Project():
            if request.requirement.specifier or request.requirement.url:
                raise _only_names(request)
            found = graph.known_as(request.name)
            if request.forced and found is not None and found.manager != "pip":
                found = None
        case Bare():
            if request.specifier:
                raise _only_names(request)
            found = _bare(request.name, graph, packages, homes)
    if found is None:
        raise _not_there(request, graph)
    return found


def _bare(name: str, graph: Graph, packages: Collection[PackageName], homes: Homes) -> Node | None:
    try:
        project = ProjectName(name)
    except ValueError:
        project = None
    if project is not None:
        known = graph.known_as(project)
        if known is not None:
            return known
        home = homes.home(project).package
        if home is not None and home in packages:
            return Node("conda", home)
    try:
        package = PackageName(name)
    except ValueError:
        return None
    return Node("conda", package) if package in packages else None


def _only_names(request: Request) -> RequestError:
    return RequestError(
        f"{request.text}: what is removed is named without version or place",
        help="such as: condadeps remove pandas conda:ffmpeg pypi:tree",
        text=request.text,
        position=None,
        origin=str(request.origin),
    )


def _not_there(request: Request, graph: Graph) -> NotFoundError:
    from difflib import get_close_matches

    names = sorted({node.name for node in graph.needs})
    near = get_close_matches(request.text.rpartition(":")[2].lower(), names, 3)
    return NotFoundError(
        f"{request.text} is not installed",
        detail=[f"near names: {', '.join(near)}"] if near else [],
        help="condadeps list tells what is",
        name=request.text,
        looked_in=[],
        near=near,
    )
