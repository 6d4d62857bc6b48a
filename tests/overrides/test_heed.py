"""From a document on disk to the requests as a site would have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.overrides.document import Place
from condadeps.overrides.heed import heed

PLACE = Place("3.11.4", "linux-64")
REQUESTS = [parse(Asked("numpy>=2")), parse(Asked("pandas"))]


def test_a_document_steers_what_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "overrides.json"
    path.write_text('{"python-3": {"numpy": {"channel": "lab"}, "pandas": {"version": "<3"}}}')
    steered = heed(REQUESTS, path.as_uri(), PLACE, Homes())
    assert [request.text for request in steered.requests] == ["lab::numpy >=2", "pandas"]
    assert [str(request.text) for request in steered.constraints] == ["pandas<3"] and not steered.warnings


def test_without_a_document_work_goes_on_as_configured(tmp_path: Path) -> None:
    link = (tmp_path / "none.json").as_uri()
    steered = heed(REQUESTS, link, PLACE, Homes())
    assert list(steered.requests) == REQUESTS and "not heeded" in steered.warnings[0]
    with pytest.raises(ConfigError, match="required here"):
        heed(REQUESTS, link, PLACE, Homes(), required=True)
