"""What is installed is listed as conda lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import PrefixError
from condadeps.show import conda_json
from condadeps.show.listing import listing
from tests.prefix import made

KEYS = {"base_url", "build_number", "build_string", "channel", "dist_name", "name", "platform", "version"}


def test_condas_packages_and_pips_are_in_one_table(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.by_conda(at, "pytorch", "2.5.0", project="torch")
    made.distribution(at.site_packages, "Seaborn", "0.13.2")
    made.package(tmp_path, "xz", "5.4", "h0_1", channel="https://conda.example/t/secret-token/lab/linux-64")
    assert str(listing(tmp_path)) == (
        f"# packages in environment at {tmp_path}:\n"
        "#\n"
        "# Name   Version  Build         Channel\n"
        "python   3.11.7   h000_0_cp311  conda-forge\n"
        "pytorch  2.5.0    py311_0       conda-forge\n"
        "seaborn  0.13.2   pypi_0        pypi\n"
        "xz       5.4      h0_1          lab"
    )


def test_as_json_each_has_exactly_condas_keys_and_no_secret(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "seaborn", "0.13.2")
    made.package(tmp_path, "xz", "5.4", "h0_1", channel="https://conda.example/t/secret-token/lab/")
    document = conda_json.result(listing(tmp_path))
    assert [set(item) for item in document] == [KEYS] * 3
    assert document[1]["dist_name"] == "seaborn-0.13.2-pypi_0"
    assert document[2]["base_url"] == "https://conda.example/lab"


def test_what_is_no_environment_is_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(PrefixError):
        listing(tmp_path / "nothing")
