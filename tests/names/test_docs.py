"""The page on names says what the program does."""

from __future__ import annotations

from condadeps.names.table import SHIPPED, Table
from tests.names import docs_table, whole_table


def test_the_table_of_how_names_are_read_is_what_which_answers() -> None:
    assert docs_table.parts()[1] == docs_table.table()


def test_the_page_counts_the_table_as_it_is() -> None:
    page = docs_table.PAGE.read_text("utf-8")
    assert f"{len(whole_table.ships()):,}" in page
    assert f"{len(whole_table.shippers()):,}" in page
    assert Table.load(SHIPPED).date in page
