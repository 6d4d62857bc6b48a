"""What cells become, form by form."""

from __future__ import annotations

import pytest

from tests.migration.books import migrated

LOAD = "%load_ext condadeps"


def only(cell: str) -> str:
    """A cell that is rewritten, without the line that loads the magic."""
    [after], result = migrated(cell)
    assert not result.left, result.left
    return after.replace(f"{LOAD}\n", "", 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%pip install numpy pandas", "%condadeps numpy pandas"),
        ("!pip install numpy", "%condadeps numpy"),
        ("!!pip3.11 install numpy", "%condadeps numpy"),
        ("pip install numpy", "%condadeps numpy"),
        ("!{sys.executable} -m pip install numpy", "%condadeps numpy"),
        ("!python3 -m pip install numpy", "%condadeps numpy"),
        ("!/opt/bin/pip install numpy", "%condadeps numpy"),
        ("!uv pip install --system numpy", "%condadeps numpy"),
        ("%pip install -qU 'numpy>=2'", '%condadeps -q -U "numpy>=2"'),
        ("!pip install numpy>=1.20", '%condadeps "numpy>=1.20"'),
        ("!pip install numpy==1.*", '%condadeps "numpy==1.*"'),
        (
            "!pip install 'x[all]~=1.0; python_version<\"4\"'",
            "%condadeps 'x[all]~=1.0; python_version<\"4\"'",
        ),
        (
            "!pip install -r requirements.txt -c limits.txt",
            "%condadeps -r requirements.txt --constraint limits.txt",
        ),
        ("!pip install -i https://h/simple x", "%condadeps --index-url https://h/simple x"),
        ("!pip install --no-cache-dir --user --progress-bar off x", "%condadeps x"),
        ("!pip -q install x", "%condadeps -q x"),
        ("!pip install git+https://h/x.git@v1", "%condadeps git+https://h/x.git@v1"),
        ("!pip install sub/dir", "%condadeps ./sub/dir"),
        ("!pip install export", "%condadeps install export"),
        ("!pip install upgrade six", "%condadeps install upgrade six"),
        ("!pip install x > /dev/null 2>&1", "%condadeps -q x"),
        ("!pip install x 2>&1 | tail -n 1", "%condadeps x"),
        ("!pip install x && pip install y", "%condadeps x y"),
        ("!pip install x; conda install -y -c bioconda z", "%condadeps x\n%condadeps -c bioconda conda:z"),
        ("!pip install x \\\n  y \\\n  z", "%condadeps x y z"),
        ("!pip install x  # for the sums", "%condadeps x  # for the sums"),
        ("!pip install x \\\n  y  # for the sums", "%condadeps x y  # for the sums"),
        ("%conda install -y numpy", "%condadeps numpy"),
        ("!conda install --yes -p {sys.prefix} numpy=2 'pandas>=2'", '%condadeps numpy=2 "pandas>=2"'),
        ("!conda install conda-forge::numpy", "%condadeps conda-forge::numpy"),
        ("%mamba update -y numpy", "%condadeps update numpy"),
        ("!yes | conda install numpy", "%condadeps numpy"),
        ("if 1:\n    !pip install x\nelse:\n    pass", "if 1:\n    %condadeps x\nelse:\n    pass"),
        ("%%time\n!pip install x\n", "%%time\n%condadeps x\n"),
    ],
)
def test_a_command_is_rewritten(before: str, after: str) -> None:
    assert only(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # pip's names are projects, conda's are packages: what is typed has to say so where it matters.
        ("!pip install tree graphviz torch", "%condadeps pypi:tree graphviz torch"),
        ("!conda install tree graphviz pytorch", "%condadeps tree conda:graphviz pytorch"),
        ("ipydeps.pip(['tree', 'graphviz'])", "%condadeps pypi:tree graphviz"),
    ],
)
def test_a_name_goes_on_meaning_what_it_meant(before: str, after: str) -> None:
    assert only(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import ipydeps\nipydeps.pip('numpy')\nimport numpy", f"{LOAD}\n%condadeps numpy\nimport numpy"),
        ("import ipydeps; ipydeps.pip('six'); import six", f"{LOAD}\n%condadeps six\nimport six"),
        ("import ipydeps as i\ni.pip(['a', 'b'], verbose=True)", f"{LOAD}\n%condadeps -v a b"),
        ("from ipydeps import pip\npip(('a',))", f"{LOAD}\n%condadeps a"),
        ("import condadeps.ipydeps as d\nd.pip('a', strict=True)", f"{LOAD}\n%condadeps a"),
        ("import os, ipydeps\nipydeps.pip('a b')", f"import os\n{LOAD}\n%condadeps a b"),
        ("import ipydeps\nipydeps.pip(\n  [\n  'a',\n  'b>1',\n  ]\n)", f'{LOAD}\n%condadeps a "b>1"'),
        (
            "import ipydeps\nipydeps.pip([\n  'a',  # for sums\n  'b',\n])  # all",
            f"{LOAD}\n# for sums\n%condadeps a b  # all",
        ),
        ("import ipydeps\nipydeps.pip(['os', 'a'])", f"{LOAD}\n%condadeps a"),
        ("import ipydeps\nipydeps.pip(requested='a', use_overrides=True)", f"{LOAD}\n%condadeps a"),
        ("import ipydeps\nipydeps.pip('a', use_overrides=False)", f"{LOAD}\n%condadeps --no-overrides a"),
        (
            "import ipydeps\nipydeps.pip('a', True, True, False)",
            f"{LOAD}\n%condadeps -v --pki --no-overrides a",
        ),
        ("import ipydeps\nipydeps.pip('a', False, use_pki=False, config=None)", f"{LOAD}\n%condadeps a"),
        ("import ipydeps\nipydeps.pip('a');", f"{LOAD}\n%condadeps a"),
        ("import ipydeps\nipydeps.pip('-r more.txt')", f"{LOAD}\n%condadeps -r more.txt"),
        (
            "import ipydeps\ndef setup():\n    ipydeps.pip('a')\nsetup()",
            f"{LOAD}\ndef setup():\n    %condadeps a\nsetup()",
        ),
        ("import ipydeps\nfor n in ['a', 'b']:\n    ipydeps.pip(n)\n", f"{LOAD}\n%condadeps a b\n"),
    ],
)
def test_a_call_of_ipydeps_is_rewritten_and_its_import_goes(before: str, after: str) -> None:
    [cell], result = migrated(before)
    assert cell == after and not result.left


@pytest.mark.parametrize(
    "assigned",
    [
        "x = ['a', 'b']",
        "x = ('a',) + ('b',)",
        "x = 'a b'.split()",
        "y = 'b'\nx = ['a', y]",
        "y = ['b']\nx = ['a', *y]",
        "v = 'b'\nx = ['a', f'{v}']\nprint(v, len(x))",
    ],
)
def test_a_variable_is_followed_over_cells(assigned: str) -> None:
    (first, second), result = migrated(assigned, "import ipydeps\nipydeps.pip(x)")
    assert (first, second) == (assigned, f"{LOAD}\n%condadeps a b") and not result.left


@pytest.mark.parametrize("line", ["!pip install {x}", "%pip install $x", "!pip install {' '.join(y)}"])
def test_a_variable_in_a_command_is_followed(line: str) -> None:
    (_, second), _ = migrated("x = 'a b'\ny = ['a', 'b']", line)
    assert second == f"{LOAD}\n%condadeps a b"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("x = input()\n!pip install {x}", "only known when it runs"),
        ("x = ['a']\nx.append('b')\nipydeps.pip(x)", "may be changed"),
        ("x = ['a']\nx += ['b']\nipydeps.pip(x)", "more than once"),
        ("x = ['a']\nshuffle(x)\nipydeps.pip(x)", "may be changed"),
        ("ipydeps.pip(x)\nx = ['a']", "only known when it runs"),
        ("ipydeps.pip(*args)", "only known when it runs"),
        ("ok = ipydeps.pip('a')", "part of an expression"),
        ("if 1: ipydeps.pip('a')", "shares its line"),
        ("ipydeps.pip('a', config='repo1.conf')", "nothing for config='repo1.conf'"),
        ("ipydeps.pip('a', use_pki=flag)", "nothing for use_pki=flag"),
        ("ipydeps.pip('os')", "what Python itself has"),
        ("out = !pip install a", "kept in a variable"),
        ("%time !pip install a", "within another magic"),
        ("!apt-get install -y g++ && pip install a", "more than install"),
        ("!pip uninstall -y a && pip install a", "more than install"),
        ("!pip install a || true", "more than install"),
        ("!pip install a > log.txt", "kept in a file"),
        ("!pip install -e .", "no -e"),
        ("!pip install --target /x a", "no --target"),
        ("!pip install --pre a", "no --pre"),
        ("!pip install *.whl", "files there may be"),
        ("!pip install $(cat list)", "the shell's own"),
        ("!sudo pip install a", "sudo"),
        ("!conda install -n other a", "environment by name"),
        ("!conda update --all", "no --all"),
        ("%%bash\npip install a", "%%bash cell"),
        ("import os\nos.system('pip install a')", "own way to run"),
        ("subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'a'])", "own way to run"),
        ("get_ipython().system('pip install a')", "own way to run"),
        ("this is no Python\n!pip install a", "not understood as Python"),
    ],
)
def test_what_cannot_be_followed_is_left_and_named(before: str, why: str) -> None:
    [after], result = migrated(before)
    assert after == before
    [left] = result.left
    assert why in left.why and left.cell == 1


@pytest.mark.parametrize(
    "cell",
    [
        "print('''\n!pip install a\n''')",
        "# !pip install a",
        "!pip list\n!ls | grep pip\n!echo pip install a",
        "!pip install condadeps\n%load_ext condadeps\n%condadeps a",
        "%%condadeps\na",
        "%%html\n<p>pip install a</p>",
        "s = 'pip install a'",
        "ipydeps = 3",
    ],
)
def test_what_installs_nothing_is_not_even_mentioned(cell: str) -> None:
    [after], result = migrated(cell)
    assert after == cell and not result.left and not result.changes


def test_what_papermill_may_override_is_not_followed() -> None:
    cells, result = migrated("x = ['a']", "ipydeps.pip(x)", tags=["parameters"])
    assert cells == ["x = ['a']", "ipydeps.pip(x)"] and len(result.left) == 1


def test_an_import_stays_while_something_needs_it() -> None:
    cells, _ = migrated("import ipydeps\nipydeps.pip('a')", "ipydeps.pip(x)")
    assert cells == [f"import ipydeps\n{LOAD}\n%condadeps a", "ipydeps.pip(x)"]


def test_the_magic_is_loaded_once_and_before_its_first_use() -> None:
    cells, _ = migrated("import os", "if 1:\n    !pip install a", "!pip install b")
    assert cells == ["import os", f"{LOAD}\nif 1:\n    %condadeps a", "%condadeps b"]
    cells, _ = migrated("import condadeps", "!pip install b")
    assert cells == ["import condadeps", "%condadeps b"]


def test_a_long_list_goes_on_over_lines() -> None:
    names = [f"package-{number}" for number in range(12)]
    [cell], _ = migrated(f"%load_ext condadeps\nif 1:\n    ipydeps.pip({names})")
    lines = cell.splitlines()[2:]
    assert all(len(line) <= 90 for line in lines) and lines[0].endswith(" \\")
    assert " ".join(line.strip().removesuffix(" \\") for line in lines) == f"%condadeps {' '.join(names)}"


def test_configured_homes_say_what_a_name_means(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only("!pip install tree") == "%condadeps pypi:tree"
    monkeypatch.setenv("CONDADEPS_HOMES", "tree=attrs")
    assert only("!pip install tree") == "%condadeps tree"
    monkeypatch.delenv("CONDADEPS_HOMES")
    assert only("!pip install tree") == "%condadeps pypi:tree"
