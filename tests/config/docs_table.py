"""The table in docs/configuration.md: ``python -m tests.config.docs_table`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from condadeps.config import SETTINGS, Setting
from condadeps.config.places import EVERYONE, Scope

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
START, END = "<!-- table: python -m tests.config.docs_table -->", "<!-- end of table -->"
HEAD = "| setting | what | values | default | set by | variable |\n|---|---|---|---|---|---|"


def row(setting: Setting) -> str:
    """One line of the table."""
    default = setting.unset or f"`{setting.kind.shown(setting.default)}`"
    wanted = setting.kind.wanted
    variable = f"`{setting.variable}`" if Scope.VARIABLE in setting.by else ""
    cells = (f"`{setting.key}`", setting.about, wanted, default, who(setting), variable)
    return f"| {' | '.join(cells)} |"


def who(setting: Setting) -> str:
    """Whose word counts, in the page's words."""
    if setting.by == EVERYONE:
        return "everyone"
    if setting.by == {Scope.SITE}:
        return "the site"
    return "owners; others stricter" if setting.tightens else "owners"


def table() -> str:
    """The whole table."""
    return "\n".join([HEAD, *map(row, SETTINGS.values())])


def parts() -> tuple[str, str, str]:
    """The page before its table, the table, and the page after it."""
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    inside, _, after = rest.partition(END)
    return before, inside.strip(), after


if __name__ == "__main__":
    before, _, after = parts()
    PAGE.write_text(f"{before}{START}\n{table()}\n{END}{after}", "utf-8")
