"""What a person types, and what it is read as (design: "What typed text means")."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.asked.job import Asked, Job
from condadeps.asked.parse import MAX_LENGTH, lines, parse, split
from condadeps.asked.request import Bare, Direct, Origin, Project, Spec
from condadeps.errors import RequestError


@pytest.mark.parametrize(
    ("text", "name", "versions"),
    [
        ("pandas", "pandas", ""),
        ("  pandas  ", "pandas", ""),
        ("numpy>=2", "numpy", ">=2"),
        ("numpy >= 2, < 3", "numpy", "<3,>=2"),
        ("numpy==1.2.*", "numpy", "==1.2.*"),
        ("numpy!=1.5,<=2", "numpy", "!=1.5,<=2"),
        ("numpy (>=2)", "numpy", ">=2"),
        ("Zope.Interface", "Zope.Interface", ""),
        ("numpy>=2 # for the new types", "numpy", ">=2"),
        ("numpy\t>=2\n", "numpy", ">=2"),
    ],
)
def test_comparisons_leave_a_name_bare(text: str, name: str, versions: str) -> None:
    request = parse(Asked(text))
    assert isinstance(request, Bare)
    assert (request.name, str(request.specifier)) == (name, versions)
    assert request.text == text


@pytest.mark.parametrize(
    ("text", "spec", "channel"),
    [
        ("conda:ffmpeg", "ffmpeg", None),
        ("conda:numpy>=2,<3", "numpy >=2,<3", None),
        ("conda:numpy==1.2.*", "numpy 1.2.*", None),
        ("conda:bioconda::samtools", "bioconda::samtools", "bioconda"),
        ("bioconda::samtools=1.2", "bioconda::samtools =1.2", "bioconda"),
        ("conda-forge/linux-64::numpy", "conda-forge/linux-64::numpy", "conda-forge/linux-64"),
        ("https://host/team::tool", "https://host/team::tool", "https://host/team"),
        ("http://[::1]:8000/team::tool", "http://[::1]:8000/team::tool", "http://[::1]:8000/team"),
        ("pandas=2", "pandas =2", None),
        ("pandas = 2", "pandas =2", None),
        ("python=3.12.*", "python 3.12.*", None),
        ("python 3.12", "python ==3.12", None),
        ("numpy=1.26=py312*", "numpy ==1.26 py312*", None),
        ("numpy =1.26 py312*", "numpy =1.26 py312*", None),
        ("blas=*=*openblas", "blas * *openblas", None),
        ("numpy>=1.8,<2|=3", "numpy >=1.8,<2|=3", None),
        ("numpy[version='>=2',build_number='>1']", "numpy[version='>=2',build_number='>1']", None),
        ("numpy[channel=bioconda]", "numpy[channel='bioconda']", "bioconda"),
        ("openssl>=1.1.1w", "openssl >=1.1.1w", None),
        ("_libgcc_mutex", "_libgcc_mutex", None),
        ("R-Base=4", "r-base =4", None),
    ],
)
def test_channels_single_equals_builds_and_globs_make_a_conda_spec(
    text: str, spec: str, channel: str | None
) -> None:
    request = parse(Asked(text))
    assert isinstance(request, Spec)
    assert (request.spec, request.channel) == (spec, channel)


@pytest.mark.parametrize(
    ("text", "requirement", "forced"),
    [
        ("pypi:tree", "tree", True),
        ("pypi: tree >=1", "tree>=1", True),
        ("uvicorn[standard]>=0.30", "uvicorn[standard]>=0.30", False),
        ("uvicorn [standard]", "uvicorn[standard]", False),
        ("attrs~=24.1", "attrs~=24.1", False),
        ("attrs===24.1", "attrs===24.1", False),
        ("tomli; python_version < '3.11'", 'tomli; python_version < "3.11"', False),
        ("pypi:tree[x]==1; os_name=='nt'", 'tree[x]==1; os_name == "nt"', True),
    ],
)
def test_extras_markers_and_pep_440_operators_make_a_project(
    text: str, requirement: str, forced: bool
) -> None:
    request = parse(Asked(text))
    assert isinstance(request, Project)
    assert (str(request.requirement), request.forced) == (requirement, forced)


def test_a_bare_name_from_metadata_is_a_project() -> None:
    request = parse(Asked("graphviz>=0.20", "requirements.txt", 3, metadata=True))
    assert isinstance(request, Project)
    assert not request.forced
    assert request.origin == Origin("requirements.txt", 3)


def test_metadata_knows_no_conda_syntax() -> None:
    for text in ("pandas=2", "conda:pandas", "bioconda::samtools", "pandas 2"):
        with pytest.raises(RequestError):
            parse(Asked(text, metadata=True))


def test_a_url_keeps_its_secret_for_fetching_and_shows_it_nowhere() -> None:
    request = parse(Asked("tool @ https://me:secret@host/tool-1.0-py3-none-any.whl ; os_name == 'posix'"))
    assert isinstance(request, Direct)
    assert request.location == "https://me:secret@host/tool-1.0-py3-none-any.whl"
    assert (request.name, str(request.marker)) == ("tool", 'os_name == "posix"')
    assert "secret" not in request.text


@pytest.mark.parametrize(
    ("text", "name", "extras"),
    [
        ("https://host/Some_Tool-1.0-py3-none-any.whl", "some-tool", set()),
        ("https://host/tool-1.0.tar.gz#sha256=00", "tool", set()),
        ("git+https://host/team/tool@main#egg=tool[x]", "tool", {"x"}),
        ("git+ssh://git@host/team/tool.git", None, set()),
    ],
)
def test_a_url_is_a_direct_reference(text: str, name: str | None, extras: set[str]) -> None:
    request = parse(Asked(text))
    assert isinstance(request, Direct)
    assert (request.location, request.name, request.extras) == (text, name, extras)


def test_a_local_path_is_meant_from_the_callers_directory(tmp_path: Path) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    request = parse(Asked("./my project[plot]"), tmp_path)
    assert isinstance(request, Direct)
    assert request.location == project.as_uri()
    assert (request.extras, request.editable) == ({"plot"}, False)
    assert parse(Asked("../my project", editable=True), project) == Direct(
        "../my project", Origin("command"), project.as_uri(), editable=True
    )


def test_a_wheel_is_known_by_its_file_name(tmp_path: Path) -> None:
    (tmp_path / "Some_Tool-1.0-py3-none-any.whl").touch()
    request = parse(Asked("Some_Tool-1.0-py3-none-any.whl"), tmp_path)
    assert isinstance(request, Direct)
    assert request.name == "some-tool"


@pytest.mark.parametrize(
    ("text", "position", "why"),
    [
        ("", None, "it is empty"),
        ("   # only a comment", None, "it is empty"),
        ("--index-url=https://evil", 0, "it begins with '-'"),
        ("-r requirements.txt", 0, "it begins with '-'"),
        ("numpy>=", 7, "a version is missing after '>='"),
        ("numpy>=2 <3", 9, "a comma is missing"),
        ("numpy =>2", 6, "there is no operator '=>'"),
        ("numpy>=2 pandas", 9, "looks like another request"),
        ("pandas seaborn", 7, "'seaborn' is no version"),
        (">=2", 0, "a name is missing"),
        ("2", 0, "is a version, not a name"),
        ("conda-forge/numpy", 11, "'/' cannot be part of a name"),
        ("npm:left-pad", 0, "'npm:' is no prefix"),
        ("conda:", 6, "a name is missing after 'conda:'"),
        ("conda:pandas[excel]", 13, "'excel' is no key of a conda spec"),
        ("conda:numpy===1", 11, "'===' is PyPI's"),
        ("numpy=1.*.2", 8, "'*' can only end a version"),
        ("numpy*", 0, "no '*'"),
        ("pypi:tree=1", 9, "expected"),
        ("pandas[excel]=2", 13, "expected"),
        ("pandas[excel", 6, "expected"),
        ("numpy>=2; rm -rf /", 10, "expected a marker"),
        ("tool @ ftp://host/tool.whl", 7, "'ftp:' are not fetched"),
        ("./nowhere", None, "there is no such file"),
        ("a\x00b", 1, "U+0000"),
        ("a\u202eb", 1, "U+202E"),
        ("pandas\nseaborn", 6, "U+000A"),
        ("$(touch x)", 0, "'$' cannot begin a name"),
    ],
)
def test_what_is_no_request_is_refused_with_the_place(text: str, position: int | None, why: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(Asked(text, "cell", 4))
    error = caught.value
    assert why in error.message
    assert "cell:4" in error.message
    assert error.data["position"] == position
    assert error.data["origin"] == "cell:4"


def test_a_refusal_points_at_the_place() -> None:
    with pytest.raises(RequestError) as caught:
        parse(Asked("numpy>=2 <3"))
    assert str(caught.value).splitlines() == [
        "cannot read the request 'numpy>=2 <3': a comma is missing between two versions",
        "  numpy>=2 <3",
        "           ^",
        "help: such as '>=1,<2'",
    ]


def test_a_request_of_a_megabyte_is_refused_without_printing_it() -> None:
    with pytest.raises(RequestError) as caught:
        parse(Asked("x" * 2**20))
    assert "1,048,576 characters" in str(caught.value)
    assert len(str(caught.value.to_json())) < 1000


def test_the_longest_requests_are_read_or_refused_quickly() -> None:
    for text in (
        "(" * 4000,
        "a;" + "(" * 4000,
        "a==" + "9" * 4000,
        "a=" + "1." * 2000,
        "a::" * 1300,
        "a[" * 2000,
    ):
        assert len(text) <= MAX_LENGTH
        try:
            parse(Asked(text))
        except RequestError as error:
            assert len(str(error)) < 2000


def test_no_secret_of_a_url_is_in_an_error() -> None:
    for text in (
        "x @ https://me:hunter2@host/a b",
        "https://host/t/hunter2/chan::x=",
        "https://h/x.conda?token=hunter2",
    ):
        with pytest.raises(RequestError) as caught:
            parse(Asked(text))
        assert "hunter2" not in str(caught.value.to_json()) + str(caught.value)


def test_a_line_is_split_like_a_shell_would_and_nothing_is_expanded() -> None:
    assert split('a "numpy>=2" \'b c\' d#e > f | $HOME *.py ~ `x` # rest "') == [
        *("a", "numpy>=2", "b c", "d#e", ">", "f", "|", "$HOME", "*.py", "~", "`x`")
    ]
    assert split(r'"C:\new\table" C:\temp a\ b "q\"r" x""y') == [
        r"C:\new\table",
        r"C:\temp",
        "a b",
        'q"r',
        "xy",
    ]
    assert split("") == split("  # nothing") == []
    assert split("''") == [""]


def test_an_open_quote_is_refused_with_its_place() -> None:
    with pytest.raises(RequestError) as caught:
        split('install "numpy>=2')
    assert caught.value.data["position"] == 8


def test_a_cell_has_one_request_a_line() -> None:
    body = "pandas\r\n\n# plotting\n'numpy >=2'  # quoted\n  tomli; python_version < '3.11'\n"
    assert lines(body) == [
        Asked("pandas", "cell", 2),
        Asked("numpy >=2", "cell", 5),
        Asked("tomli; python_version < '3.11'", "cell", 6),
    ]


def test_an_asked_text_survives_the_engines_pipe() -> None:
    job = Job("install", "/p", (Asked("./x", "call", editable=True, hashes=("sha256:00",)),))
    assert Job.from_json(job.to_json()) == job


def test_a_url_without_its_secrets_can_be_written_down() -> None:
    from condadeps.asked.credentials import without

    assert without("https://me:pw@host/t/tk-1/team") == "https://host/team"
    assert without("https://host/t/tk-1") == "https://host"
    assert without("https://host/x.whl?a=1&token=t&b=2#sha256=00") == "https://host/x.whl?a=1&b=2#sha256=00"
    assert without("https://host/x.whl?X-Amz-Signature=s") == "https://host/x.whl"
    assert without("git+ssh://git@host/x.git") == "git+ssh://git@host/x.git"
    assert without("git+https://tok@host/x.git@v1#egg=x") == "git+https://host/x.git@v1#egg=x"
    assert without("conda-forge") == "conda-forge"


def test_a_directory_called_t_holds_no_tokens() -> None:
    from condadeps.asked.credentials import masked, without

    for place in ("file:///home/me/t/project/channel", "/home/me/t/project/channel", "./t/project"):
        assert without(place) == place
    said = "file:///home/me/t/project and https://host/t/hunter2/chan and url: /team/t/hunter2/chan"
    assert masked(said) == said.replace("hunter2", "*" * 7)


def test_an_environments_name_is_its_directorys_however_it_is_reached(tmp_path: Path) -> None:
    from condadeps.asked.job import located

    (tmp_path / "work" / "env").mkdir(parents=True)
    for way in (tmp_path / "work" / ".." / "work" / "env", tmp_path / "work" / "env" / "lib" / ".."):
        assert located(way) == (tmp_path / "work" / "env").resolve()
    (tmp_path / "link").symlink_to(tmp_path / "work" / "env")
    assert located(tmp_path / "link") == tmp_path / "link"
    assert located(tmp_path / "link" / ".." / "env") == (tmp_path / "work" / "env").resolve()
