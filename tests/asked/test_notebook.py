"""What a notebook's cells ask for, read without running any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condadeps.asked.files import Listing, read
from condadeps.errors import RequestError


def notebook(tmp_path: Path, *cells: str) -> Path:
    path = tmp_path / "analysis.ipynb"
    document = {
        "cells": [{"cell_type": "markdown", "source": "# %pip install nothing"}]
        + [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells],
        "nbformat": 4,
    }
    path.write_text(json.dumps(document))
    return path


def texts(listing: Listing) -> list[str]:
    return [asked.text for asked in listing.asked]


def test_condadeps_cells_are_read_as_typed(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        '%load_ext condadeps\n%condadeps -c bioconda pandas "numpy >=2" conda:ffmpeg  # for later\n',
        "%%condadeps -U rich\nseaborn\n'attrs >=24'\n",
        "%condadeps install export\n%condadeps which torch\n%condadeps list\n",
    )
    listing = read(path)
    assert texts(listing) == [
        "pandas",
        "numpy >=2",
        "conda:ffmpeg",
        "rich",
        "seaborn",
        "attrs >=24",
        "export",
    ]
    assert listing.channels == ("bioconda",)
    assert not any(asked.metadata for asked in listing.asked)
    assert (listing.asked[0].place, listing.asked[0].line) == (f"{path}, cell 2", 2)
    assert (listing.asked[5].place, listing.asked[5].line) == (f"{path}, cell 3", 3)


def test_pip_and_conda_lines_are_read_in_their_own_grammar(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("flask\n")
    path = notebook(
        tmp_path,
        '%pip install -q --upgrade "requests>=2" \\\n    rich --target /x\n'
        "!pip3 install -r more.txt -i https://host/simple > log\n"
        "!{sys.executable} -m pip install attrs && echo done\n"
        "pip install tomli\n"
        "if True:\n    !conda install -y -c bioconda samtools=1.2 pandas\n"
        "%mamba install numpy\n!pip list\n!ls | grep x\n",
    )
    listing = read(path)
    assert set(texts(listing)) == {
        *(
            "requests>=2",
            "rich",
            "flask",
            "attrs",
            "tomli",
            "conda:samtools=1.2",
            "conda:pandas",
            "conda:numpy",
        )
    }
    assert listing.channels == ("bioconda",)
    assert listing.indexes.index_url == "https://host/simple"
    assert all(asked.metadata != asked.text.startswith("conda:") for asked in listing.asked)


def test_ipydeps_and_api_calls_are_read_when_they_are_literal(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        "import ipydeps\nipydeps.pip(['a==1', 'b'], verbose=True)\nipydeps.pip('c')\n"
        "ipydeps.pip(requested=('d',))\n",
        "import condadeps\ncondadeps.install('pandas', 'conda:e')\ncondadeps.install(*names)\n",
    )
    listing = read(path)
    assert sorted(texts(listing)) == ["a==1", "b", "c", "conda:e", "d", "pandas"]
    assert {asked.text for asked in listing.asked if asked.metadata} == {"a==1", "b", "c", "d"}
    assert any("only known when it runs" in warning for warning in listing.warnings)


def test_imports_are_guesses_and_never_asked(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").touch()
    path = notebook(
        tmp_path,
        "%condadeps pandas\nimport os, json\nimport pandas as pd\nfrom sklearn.svm import SVC\n"
        "import helpers\nfrom . import x\nimport cv2\n%matplotlib inline\nx = 7 \\\n  % 3\n"
        "?pd\npd.DataFrame??\n",
        "%%bash\nimport not_python\n",
        "%%time\nimport google.protobuf.message\n",
        "this is no Python\n",
    )
    listing = read(path)
    assert texts(listing) == ["pandas"]
    assert {guess.text for guess in listing.guesses} == {"scikit-learn", "opencv-python", "protobuf"}
    assert all(guess.metadata for guess in listing.guesses)
    assert ["cell 5" in warning for warning in listing.warnings] == [True]


def test_what_ipython_would_expand_is_not_guessed_at(tmp_path: Path) -> None:
    listing = read(notebook(tmp_path, "%condadeps {names} pandas\n%pip install $x\n%pip install 'open\n"))
    assert texts(listing) == []
    assert len(listing.warnings) == 3


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "no json"])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(RequestError) as caught:
        read(path)
    assert "is not a notebook" in caught.value.message
