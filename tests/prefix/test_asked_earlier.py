"""What was asked for earlier is known from conda's history too."""

from __future__ import annotations

import json
from pathlib import Path

from condadeps.names.namespaces import PackageName
from condadeps.prefix import installed
from condadeps.prefix.asked_earlier import specs, told

HISTORY = """\
==> 2026-11-22 21:22:49 <==
# cmd: /opt/conda/bin/conda create -p /env pandas=2 xz
# conda version: 26.7.1
+http://host/chan/linux-64::pandas-2.0-0
# update specs: ['pandas=2', "conda-forge::xz[version='>=5']", 'gone']
==> 2026-11-23 09:00:00 <==
# cmd: conda remove gone
# remove specs: ['gone']
# neutered specs: ['xz==5.2']
# update specs: [broken
"""


def test_the_history_tells_the_last_request_of_what_was_not_removed() -> None:
    assert told(HISTORY.splitlines()) == {PackageName("pandas"): "pandas=2", PackageName("xz"): "xz==5.2"}


def test_a_package_whose_record_says_nothing_was_asked_for_if_the_history_says_so(tmp_path: Path) -> None:
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    for name, requested in (("pandas", None), ("xz", "None"), ("numpy", None)):
        record = {"name": name, "version": "2.0", "build": "0", "requested_spec": requested}
        (meta / f"{name}-2.0-0.json").write_text(json.dumps(record))
    assert specs(tmp_path) == {}
    (meta / "history").write_text(HISTORY)

    found = installed.packages(tmp_path)
    asked = {str(name): package.requested_specs for name, package in found.items()}
    assert asked == {"pandas": ("pandas=2",), "xz": ("xz==5.2",), "numpy": ()}
