"""The table in docs/names.md, as ``which`` answers: ``python -m tests.names.docs_table`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from condadeps import names
from condadeps.names.lookup import Answer

PAGE = Path(__file__).parents[2] / "docs" / "names.md"
START, END = "<!-- table: python -m tests.names.docs_table -->", "<!-- end of table -->"
TYPED = [
    "pandas",
    "torch",
    "graphviz",
    "docker",
    "redis",
    "opencv-python",
    "tzdata",
    "ray",
    "vtk",
    "typing-extensions",
    "modal",
    "build",
    "mss",
    "pyqt5",
    "ffmpeg",
    "r-base",
    "tree",
    "snappy",
    "pytorch",
    "mamba",
    "fiat",
    "opencv-contrib-python",
    "sklearn",
]


def row(answer: Answer) -> str:
    """One line of the table."""
    means = str(answer).splitlines()[0].removeprefix(f"{answer.name}: ")
    curated = answer.home is not None and answer.home.rule == "curated"
    reason = answer.home.reason if curated and answer.home else answer.reason
    return f"| `{answer.name}` | {means} | {reason} |"


def table() -> str:
    """The whole table."""
    return "\n".join(["| typed | read as | why |", "|---|---|---|", *map(row, names.which(TYPED))])


def parts() -> tuple[str, str, str]:
    """The page before its table, the table, and the page after it."""
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    inside, _, after = rest.partition(END)
    return before, inside.strip(), after


if __name__ == "__main__":
    before, _, after = parts()
    PAGE.write_text(f"{before}{START}\n{table()}\n{END}{after}", "utf-8")
