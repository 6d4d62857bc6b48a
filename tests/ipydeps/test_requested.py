"""What ``ipydeps.pip()`` was given, taken apart: every request that ipydeps mangled stays whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from condadeps.asked.pip_command import read, words


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("numpy", ["numpy"]),
        (["numpy", "pandas"], ["numpy", "pandas"]),
        (("numpy",), ["numpy"]),
        ("numpy pandas", ["numpy", "pandas"]),
        ("numpy, pandas; scipy\nrich", ["numpy", "pandas", "scipy", "rich"]),
        ("", []),
        ([], []),
        # What ipydeps made something else of:
        ("foo==1", ["foo==1"]),
        ("foo==1.*", ["foo==1.*"]),
        ("pandas>=1.20,<2.0", ["pandas>=1.20,<2.0"]),
        ("pandas >= 1.20, < 2.0 rich", ["pandas >= 1.20, < 2.0", "rich"]),
        ("pandas (>=1.20,<2.0)", ["pandas (>=1.20,<2.0)"]),
        ("foo!=1.5 bar~=2.1 baz===3", ["foo!=1.5", "bar~=2.1", "baz===3"]),
        ("pandas[excel,html]>=2", ["pandas[excel,html]>=2"]),
        ("zope.interface", ["zope.interface"]),
        ("q", ["q"]),
        ("7zip-tools", ["7zip-tools"]),
        ("git+https://host/me/it@v1.0#egg=it", ["git+https://host/me/it@v1.0#egg=it"]),
        ("it @ https://host/it-1.0-py3-none-any.whl", ["it @ https://host/it-1.0-py3-none-any.whl"]),
        ("-r requirements.txt", ["-r", "requirements.txt"]),
        (["-r", "my list.txt", "numpy"], ["-r", "my list.txt", "numpy"]),
        ("./dist/it-1.0-py3-none-any.whl .", ["./dist/it-1.0-py3-none-any.whl", "."]),
        ("tomli; python_version < '3.11'", ["tomli; python_version < '3.11'"]),
        ('tomli >=2 ; python_version < "3.11"', ['tomli >=2 ; python_version < "3.11"']),
        ("numpy  # for the sums\n# nothing\npandas", ["numpy", "pandas"]),
        ("'numpy >=2' pandas", ["numpy >=2", "pandas"]),
        ("--index-url https://host/simple it", ["--index-url", "https://host/simple", "it"]),
    ],
)
def test_a_text_is_taken_apart_into_whole_requirements(
    requested: str | Sequence[str], expected: list[str]
) -> None:
    assert words(requested) == expected


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="not int"):
        words([1])  # type: ignore[list-item]


def test_options_are_told_apart_by_what_they_change() -> None:
    found = read(
        ["-qU", "it", "-rmore.txt", "--no-cache-dir", "--target", "x", "-e", "./here", "-ihttps://h/"]
    )
    assert [(asked.text, asked.editable) for asked in found.asked] == [("it", False), ("./here", True)]
    assert (found.update, found.quiet, found.requirements) == (True, True, ("more.txt",))
    assert (found.needless, found.refused) == (("--no-cache-dir",), ("--target",))
    assert found.index_url == "https://h/"
    assert all(asked.metadata for asked in found.asked)


def test_an_option_without_its_value_is_refused() -> None:
    with pytest.raises(ValueError, match="--requirement has no value"):
        read(["it", "-r"])
