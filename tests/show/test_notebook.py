"""What a notebook shows: plain HTML, safe, quiet, and the outcome in the end."""

from __future__ import annotations

import html.parser
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from condadeps.errors import NoVersionError
from condadeps.show import notebook
from condadeps.show.listing import Entry, Listing
from condadeps.show.notebook import INTERVAL, Live, live
from condadeps.show.progress import Progress
from condadeps.solve.plan import Link, Plan
from condadeps.transaction.outcome import Outcome, Status
from tests.show.samples import CHANGED, PLAN, PLANNED, UNCHANGED, package

VOID = {"br", "img", "meta"}


class Reading(html.parser.HTMLParser):
    """What is in a piece of HTML: its tags, attributes and text; fails on what is not well formed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def everything() -> list[str]:
    state = Progress()
    state.begin("fetch", "from <here>")
    state.advance("numpy-<b>.conda", 1_000_000, 2_000_000, "bytes")
    state.notices.append("waiting for <somebody>")
    error = NoVersionError("no <b>numpy</b> fits", detail=["1 < 2"], help="numpy<3")
    listing = Listing("/opt/<env>", (Entry("a<b", "1", "0", 0, "c", "u", "noarch"),))
    return [
        notebook.outcome(CHANGED),
        notebook.outcome(PLANNED),
        notebook.outcome(UNCHANGED),
        notebook.plan(PLAN),
        notebook.error(error),
        notebook.progress(state),
        listing._repr_html_(),
    ]


@pytest.mark.parametrize("markup", everything())
def test_nothing_runs_and_nothing_is_fetched(markup: str) -> None:
    reading = Reading(markup)
    allowed = {
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "td",
        "th",
        "b",
        "code",
        "details",
        "summary",
        "progress",
    }
    assert reading.tags <= allowed
    assert reading.attributes <= {"style", "value", "max"}
    assert "url(" not in markup


@pytest.mark.parametrize("markup", everything())
def test_colours_are_the_pages_own(markup: str) -> None:
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb|color:(?!currentColor)|background:(?!none)", markup)


def test_an_outcome_says_what_changed_why_where_it_is_written_and_what_to_restart() -> None:
    assert Reading(notebook.outcome(CHANGED)).texts == [
        "Made 8 changes to /opt/env in 12.3 s:",
        *("+", "pandas", "3.1.1", "conda-forge", "asked"),
        *("+", "seaborn", "0.13.2", "PyPI", "asked"),
        *("↓", "tool", "2.0 → 1.0", "editable", "asked"),
        *("↑", "numpy", "1.26.4 → 2.1.0", "conda-forge", "moved: pandas 3.1.1 needs numpy >=2"),
        *("~", "openssl", "3.4.0 h1_0 → 3.4.0 h1_1", "conda-forge", "needed by python"),
        *("↑", "packaging", "23.0 (pip) → 24.1", "conda-forge", "needed by matplotlib 3.9.2"),
        *("-", "olddep", "0.1", "pip", "nothing needs it any more"),
        *("-", "six", "1.16.0", "conda-forge", "nothing needs it any more"),
        *("Warning", ": a <script>alert(1)</script> compiled wheel"),
        "note: conda also has a different graphviz: conda:graphviz",
        "recorded in /home/me/environment.yml",
        *("Restart the kernel", ": numpy 1.26.4 → 2.1.0 (already imported here)"),
    ]


def test_what_was_there_already_is_two_short_lines() -> None:
    assert Reading(UNCHANGED._repr_html_()).texts == [
        "Already there: pandas 3.1.1, uvicorn[standard] 0.30.1 (pip)",
        "recorded in /home/me/environment.yml",
    ]


def test_a_long_list_is_folded_but_for_what_was_asked() -> None:
    links = tuple(Link(package(f"dep{number:02}", "1"), "needed by pandas") for number in range(30))
    plan = Plan("/opt/env", "linux-64", link=(*links, Link(package("pandas", "3"), "asked")))
    before, _, folded = notebook.outcome(Outcome(Status.CHANGED, plan)).partition("<details>")
    assert "pandas" in before and "dep00" not in before
    assert "and 30 more changes" in folded and folded.count("<tr>") == 30


def test_an_error_says_what_is_in_the_way_and_what_to_type() -> None:
    error = NoVersionError("no numpy fits >=99", detail=["2.1.0 is the newest"], help="numpy>=2")
    assert Reading(notebook.error(error)).texts == [
        "no numpy fits >=99",
        "2.1.0 is the newest",
        "help: ",
        "numpy>=2",
    ]


class FakeDisplay:
    """IPython's display and its handle: keeps what is shown, as a front end does."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def __call__(self, bundle: dict[str, str], **how: Any) -> FakeDisplay:
        assert how == {"raw": True, "display_id": True}
        assert not self.shown
        self.shown.append(bundle)
        return self

    def update(self, bundle: dict[str, str], **how: Any) -> None:
        assert how == {"raw": True} and self.shown
        self.shown.append(bundle)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_display_is_updated_ten_times_a_second_at_most() -> None:
    display, clock = FakeDisplay(), Clock()
    bar = Live(display, clock)
    bar.phase("fetch")
    for step in range(1000):
        clock.now += 0.01
        bar.progress("numpy.conda", step, 1000, "bytes")
    assert 10 / INTERVAL * 0.8 <= len(display.shown) <= 10 / INTERVAL + 2


def test_progress_becomes_the_outcome_in_the_same_place() -> None:
    display = FakeDisplay()
    bar = Live(display, Clock())
    bar.phase("solve")
    bar.result(CHANGED)
    assert display.shown[-1] == {"text/html": notebook.outcome(CHANGED), "text/plain": str(CHANGED)}
    assert "solving" in display.shown[0]["text/html"]


def test_what_is_there_already_shows_its_outcome_and_nothing_before() -> None:
    display = FakeDisplay()
    Live(display, Clock()).result(UNCHANGED)
    assert len(display.shown) == 1


def test_a_notice_is_seen_at_once() -> None:
    display = FakeDisplay()
    bar = Live(display, Clock())
    bar.phase("lock")
    bar.notice("waiting for process 7")
    assert "waiting for process 7" in display.shown[-1]["text/html"]


def test_after_an_error_the_progress_is_gone_and_what_was_noticed_stays() -> None:
    display = FakeDisplay()
    bar = Live(display, Clock())
    bar.phase("link")
    bar.notice("stopping …")
    bar.end()
    assert Reading(display.shown[-1]["text/html"]).texts == ["stopping …"]
    bar = Live(silent := FakeDisplay(), Clock())
    bar.end()
    assert silent.shown == []


def test_json_is_printed_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    display = FakeDisplay()
    Live(display, Clock()).result(CHANGED, json=True)
    assert display.shown == []
    assert json.loads(capsys.readouterr().out)["success"] is True


def test_a_quiet_magic_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with live(None, quiet=True) as display:
        display.phase("solve")
        display.notice("x")
        display.result(CHANGED)
    assert capsys.readouterr() == ("", "")


def test_outside_a_kernel_the_result_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with live(None) as display:
        display.phase("solve")
        display.result(UNCHANGED)
        display.result("name: x\n")
    assert capsys.readouterr().out == f"{UNCHANGED}\nname: x\n"


def test_several_results_show_one_after_the_other() -> None:
    display = FakeDisplay()
    Live(display, Clock()).result([UNCHANGED, replace(UNCHANGED, recorded=None)])
    assert display.shown[0]["text/html"].count("Already there") == 2


CELL = """
from condadeps.show.notebook import live
from tests.show.samples import CHANGED
import time
print("before")
with live(get_ipython()) as display:
    display.phase("fetch", "packages")
    for step in range(5):
        display.progress("numpy", step, 5)
        time.sleep(0.03)
    display.notice("done soon")
    display.result(CHANGED)
"""


@pytest.mark.slow
def test_in_a_real_kernel_one_output_is_left_and_it_is_the_outcome(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    notebook_ = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    root = str(Path(__file__).parents[2])
    client = nbclient.NotebookClient(notebook_, timeout=60, resources={"metadata": {"path": root}})
    client.execute()
    stream, shown = notebook_.cells[0].outputs
    assert stream.text == "before\n"
    assert shown.output_type == "display_data"
    assert shown.data["text/html"] == notebook.outcome(CHANGED)
    assert shown.data["text/plain"] == str(CHANGED)
