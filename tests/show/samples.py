"""One plan with something of everything, for the snapshots."""

from __future__ import annotations

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.plan import Answer, Artifact, Install, Link, Package, Plan, Uninstall, Unlink
from condadeps.transaction.outcome import Outcome, Status

CHANNEL = "https://conda.example/conda-forge/"


def package(name: str, version: str, build: str = "py311_0", size: int | None = 1_200_000) -> Package:
    filename = f"{name}-{version}-{build}.conda"
    url = f"{CHANNEL}linux-64/{filename}"
    return Package(
        name=PackageName(name),
        version=version,
        build=build,
        build_number=0,
        subdir="linux-64",
        channel=CHANNEL,
        url=url,
        filename=filename,
        size=size,
        sha256="0" * 64,
        record={
            "name": name,
            "version": version,
            "build": build,
            "url": url,
            "fn": filename,
            "channel": CHANNEL,
        },
    )


def artifact(project: str, version: str, **more: object) -> Artifact:
    filename = f"{project}-{version}-py3-none-any.whl"
    return Artifact(
        project=ProjectName(project),
        version=version,
        filename=filename,
        url=f"https://files.example/{filename}",
        sha256="f" * 64,
        size=294_914,
        **more,  # type: ignore[arg-type]
    )


PLAN = Plan(
    prefix="/opt/env",
    subdir="linux-64",
    link=(
        Link(package("numpy", "2.1.0"), "moved: pandas 3.1.1 needs numpy >=2", package("numpy", "1.26.4")),
        Link(package("packaging", "24.1"), "needed by matplotlib 3.9.2"),
        Link(package("pandas", "3.1.1"), "asked"),
        Link(package("openssl", "3.4.0", "h1_1"), "needed by python", package("openssl", "3.4.0", "h1_0")),
    ),
    unlink=(Unlink(package("six", "1.16.0"), "nothing needs it any more"),),
    install=(
        Install(artifact("seaborn", "0.13.2"), "asked", requested=True),
        Install(artifact("tool", "1.0", editable=True), "asked", previous="2.0", requested=True),
    ),
    uninstall=(
        Uninstall(ProjectName("packaging"), "23.0", "conda's takes over"),
        Uninstall(ProjectName("olddep"), "0.1", "nothing needs it any more"),
    ),
    answers=(
        Answer("pandas", "cell", "conda", "pandas", "3.1.1", "", project=ProjectName("pandas")),
        Answer("uvicorn[standard]", "cell:2", "pip", "uvicorn", "0.30.1", "", ("standard",)),
    ),
    warnings=("a <script>alert(1)</script> compiled wheel",),
    notes=("conda also has a different graphviz: conda:graphviz",),
    channels=("conda-forge",),
)
CHANGED = Outcome(
    Status.CHANGED,
    PLAN,
    recorded="/home/me/environment.yml",
    warnings=PLAN.warnings,
    restart=("numpy 1.26.4 → 2.1.0",),
    seconds=12.34,
)
PLANNED = Outcome(Status.PLANNED, PLAN, warnings=PLAN.warnings)
UNCHANGED = Outcome(
    Status.UNCHANGED, Plan("/opt/env", "linux-64", answers=PLAN.answers), recorded="/home/me/environment.yml"
)
EMPTY = Outcome(Status.UNCHANGED, Plan("/opt/env", "linux-64"))
