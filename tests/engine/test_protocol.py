"""The language between a door and its engine: whole lines, whole values, no guessing."""

from __future__ import annotations

import io
import json
from typing import Literal

import pytest

from condadeps.asked.job import Asked, Job, Options
from condadeps.engine import protocol
from condadeps.errors import CondadepsError, ConflictError, EngineError, HashError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.pki.identity import Identity, Missing
from condadeps.show.reporter import Phase, Reporter
from condadeps.solve.plan import Answer, Artifact, Install, Link, Package, Plan, Uninstall, Unlink
from condadeps.transaction.outcome import Outcome, Status

NUMPY = Package(
    PackageName("numpy"), "2.1.0", "py311_0", 0, "linux-64", "https://example.org/main",
    "https://example.org/main/linux-64/numpy-2.1.0-py311_0.conda", "numpy-2.1.0-py311_0.conda",
    7_000_000, "ab" * 32, {"name": "numpy", "depends": ["python >=3.11"]},
)  # fmt: skip
SEABORN = Artifact(
    ProjectName("seaborn"),
    "0.13.2",
    "seaborn-0.13.2-py3-none-any.whl",
    "https://example.org/s.whl",
    "cd" * 32,
    9,
)
PLAN = Plan(
    prefix="/an/environment",
    subdir="linux-64",
    link=(Link(NUMPY, "needed by seaborn 0.13.2", previous=NUMPY), Link(NUMPY, "asked")),
    unlink=(Unlink(NUMPY, "nothing needs it"),),
    install=(Install(SEABORN, "asked", previous="0.12.0", requested=True),),
    uninstall=(Uninstall(ProjectName("packaging"), "24.0", "conda's takes over"),),
    answers=(
        Answer("seaborn", "cell:1", "pip", "seaborn", "0.13.2", "", ("stats",), ProjectName("seaborn")),
    ),
    warnings=("mind the gap",),
    notes=("a stranger",),
    channels=("conda-forge",),
)


class Heard(Reporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def phase(self, phase: Phase, message: str = "") -> None:
        self.calls.append(("phase", phase, message))

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        self.calls.append(("progress", item, done, total, unit))

    def notice(self, message: str) -> None:
        self.calls.append(("notice", message))


def sent(**event: object) -> dict[str, object]:
    return protocol.decode(protocol.encode(event))


def test_a_job_arrives_as_it_was_sent() -> None:
    job = Job(
        "install",
        "/an/environment",
        (Asked("numpy >=2\n# ünïcode", "cell", 3, metadata=True),),
        Options(channels=("a", "b"), pip="never", env_file="x.yml", record=False, offline=True),
        "/somewhere",
    )
    assert protocol.read_opening(protocol.decode(protocol.opening(job))) == job


@pytest.mark.parametrize("shown", [None, Identity("a key", "an authority"), Missing("for a reason")])
def test_a_certificate_travels_beside_the_job_and_never_in_it(shown: Identity | Missing | None) -> None:
    job = Job("install", "/an/environment", options=Options(pki=True))
    pipe = io.BytesIO(protocol.opening(job, shown))
    opening = protocol.decode(pipe.readline())
    assert "a key" not in json.dumps(opening) and protocol.read_opening(opening) == job
    assert protocol.read_identity(opening, pipe) == shown


def test_what_is_no_certificate_is_not_repeated() -> None:
    for line in (b"PRIVATE not even JSON\n", b'{"pem": "PRIVATE"}\n', b"[]\n", b""):
        with pytest.raises(EngineError) as raised:
            protocol.read_identity({"identity": True}, io.BytesIO(line))
        assert "PRIVATE" not in str(raised.value)


def test_an_outcome_arrives_as_it_was_sent_with_its_whole_plan() -> None:
    outcome = Outcome(Status.CHANGED, PLAN, "environment.yml", ("w",), ("numpy 1 → 2",), seconds=1.5)
    assert protocol.read_event(sent(event="outcome", outcome=outcome.to_json()), Heard()) == outcome


def test_an_error_arrives_as_the_error_it_was() -> None:
    error = ConflictError("cannot have both", detail=["a needs b"], help="leave a out", chains=[["a", "b"]])
    with pytest.raises(ConflictError) as caught:
        protocol.read_event(sent(event="error", error=error.to_json()), Heard())
    assert str(caught.value) == str(error)
    assert caught.value.data == {"chains": [["a", "b"]]}


def test_an_error_class_of_a_newer_engine_is_still_an_error() -> None:
    document = {**HashError("no").to_json(), "exception_name": "FutureError"}
    with pytest.raises(CondadepsError, match="no"):
        protocol.read_event(sent(event="error", error=document), Heard())


def test_progress_reaches_the_reporter_in_order() -> None:
    heard = Heard()
    for event in (
        sent(event="phase", phase="fetch", message="2 packages"),
        sent(event="progress", item="numpy", done=1, total=None, unit="bytes"),
        sent(event="notice", message="waiting"),
    ):
        assert protocol.read_event(event, heard) is None
    assert heard.calls == [
        ("phase", "fetch", "2 packages"),
        ("progress", "numpy", 1, None, "bytes"),
        ("notice", "waiting"),
    ]


def test_one_message_is_one_line_whatever_is_in_it() -> None:
    line = protocol.encode({"event": "notice", "message": "two\nlines\r\n\x85 "})
    assert line.count(b"\n") == 1 and line.endswith(b"\n")


@pytest.mark.parametrize("line", [b"", b"hello\n", b"[1]\n", b"\xff\xfe\n", b'{"event": "notice"\n'])
def test_what_is_no_message_is_an_engine_error(line: bytes) -> None:
    with pytest.raises(EngineError):
        protocol.decode(line)


@pytest.mark.parametrize(
    "event",
    [{}, {"event": "dance"}, {"event": "phase"}, {"event": "outcome", "outcome": {}}, {"event": "error"}],
)
def test_an_event_without_sense_is_an_engine_error(event: dict[str, object]) -> None:
    with pytest.raises(EngineError):
        protocol.read_event(event, Heard())


@pytest.mark.parametrize(
    "opening", [{}, {"protocol": 2, "job": {}}, {"protocol": 1}, {"protocol": 1, "job": {"verb": 1}}]
)
def test_an_opening_of_another_protocol_is_refused(opening: dict[str, object]) -> None:
    with pytest.raises(EngineError):
        protocol.read_opening(opening)
