"""``start.sh`` as users of the Jupyter Docker Stacks know it: each of its variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launch import box
from tests.launch.box import NEEDS_ROOT, NEEDS_SUDO, Said

pytestmark = [pytest.mark.slow, NEEDS_ROOT]


def run(tmp_path: Path, *command: str, **options: str) -> Said:
    return box.run(tmp_path / "box", *command, **options)


def good(said: Said) -> str:
    """What it printed; it went well and warned of nothing."""
    assert said.status == 0, said
    assert "WARNING" not in said.log and "ERROR" not in said.log, said.log
    return said.out


def refused(said: Said) -> str:
    assert said.status == 1, said
    assert said.out == ""
    return said.log


# ---------------------------------------------------------------- the command


def test_root_s_container_runs_the_command_as_the_user(tmp_path: Path) -> None:
    out = good(run(tmp_path, "bash", "-c", 'id; echo "$HOME $USER $LOGNAME $PWD"; echo "$PATH"'))
    assert "uid=1000(jovyan) gid=100(users) groups=100(users)" in out
    assert "/home/jovyan jovyan jovyan /home/jovyan" in out
    assert "/opt/conda/bin:" in out


def test_a_user_s_container_runs_it_as_that_user(tmp_path: Path) -> None:
    assert "uid=1000(jovyan)" in good(run(tmp_path, "id", user="1000:100"))


def test_words_of_the_command_arrive_as_they_are(tmp_path: Path) -> None:
    words = ["a b", "$HOME", "*", "'", '"', ";id", ""]
    assert good(run(tmp_path, "printf", "<%s>", *words)) == "".join(f"<{word}>" for word in words)


def test_its_status_is_the_command_s(tmp_path: Path) -> None:
    assert run(tmp_path, "bash", "-c", "exit 7").status == 7


@pytest.mark.parametrize("words", [(), ("--ServerApp.base_url=/x/",)])
def test_without_a_command_the_secure_launcher_gets_the_options(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    fake = "printf '#!/bin/sh\\necho \"secure as $(id -u): $*\"\\n' > /usr/local/bin/jupyter-notebook-secure"
    assert good(run(tmp_path, *words, prepare=fake)) == f"secure as 1000: {' '.join(words)}\n"


@pytest.mark.parametrize("name", ["start-notebook.sh", "start-singleuser.sh"])
def test_the_other_names_of_the_launcher_pass_on_their_words(tmp_path: Path, name: str) -> None:
    fake = 'printf \'#!/bin/sh\\nprintf "<%%s>" "$@"\\n\' > /usr/local/bin/jupyter-notebook-secure'
    assert good(run(tmp_path, name, "a b", "--c", prepare=fake, JUPYTERHUB_API_TOKEN="t")) == "<a b><--c>"


def test_a_hub_s_server_needs_a_hub(tmp_path: Path) -> None:
    assert "no hub started this" in refused(run(tmp_path, "start-singleuser.sh"))


def test_start_sh_within_itself_is_told_and_does_no_harm(tmp_path: Path) -> None:
    said = run(tmp_path, "start.sh", "id", "-u")
    assert said.out == "1000\n"
    assert "leave it out of the command" in said.log


def test_it_can_be_quiet(tmp_path: Path) -> None:
    assert run(tmp_path, "true", NB_UID="1010", JUPYTER_DOCKER_STACKS_QUIET="1").log == ""


# ---------------------------------------------------------------- who the user is


def test_nb_uid(tmp_path: Path) -> None:
    assert "uid=1010(jovyan) gid=100(users)" in good(run(tmp_path, "id", NB_UID="1010"))


def test_nb_gid_names_the_group_after_the_user(tmp_path: Path) -> None:
    out = good(run(tmp_path, "id", NB_GID="110"))
    assert "gid=110(jovyan) groups=110(jovyan),100(users)" in out


def test_nb_group_names_it(tmp_path: Path) -> None:
    assert "gid=110(lab)" in good(run(tmp_path, "id", NB_GID="110", NB_GROUP="lab"))


def test_nb_group_that_is_another_is_refused(tmp_path: Path) -> None:
    assert "NB_GROUP=users is group 100 already" in refused(
        run(tmp_path, "id", NB_GID="110", NB_GROUP="users")
    )


def test_nb_user_with_their_home(tmp_path: Path) -> None:
    command = 'id; echo "$HOME $USER $PWD"; stat -c "%U %G %n" ~ ~/.bashrc ~/work; cat ~/.bashrc'
    command += "; getent passwd kitten"
    out = good(run(tmp_path, "bash", "-c", command, NB_USER="kitten", within="/home/jovyan/work"))
    assert "uid=1000(kitten) gid=100(users)" in out
    assert "/home/kitten kitten /home/kitten/work" in out
    for path in ("/home/kitten", "/home/kitten/.bashrc", "/home/kitten/work"):
        assert f"kitten users {path}\n" in out
    assert "hello" in out
    assert "kitten:x:1000:100::/home/kitten:/bin/bash" in out


def test_nb_user_nb_uid_and_nb_gid_together(tmp_path: Path) -> None:
    command = 'id; stat -c "%u:%g %n" ~/.bashrc'
    out = good(run(tmp_path, "bash", "-c", command, NB_USER="kitten", NB_UID="1010", NB_GID="101"))
    assert "uid=1010(kitten) gid=101(kitten) groups=101(kitten),100(users)" in out
    assert "1010:101 /home/kitten/.bashrc" in out


def test_what_is_mounted_in_the_home_stays_where_it_is_and_is_told(tmp_path: Path) -> None:
    mount = "cd /home/jovyan; mkdir data /srv/data; echo kept >/srv/data/file; mount --bind /srv/data data"
    said = run(
        tmp_path,
        "bash",
        "-c",
        "ls ~/data; cat /home/jovyan/data/file; stat -c %u /home/jovyan/data/file",
        NB_USER="kitten",
        prepare=mount,
    )
    assert said.out == "kept\n0\n"
    assert (
        "/home/jovyan/data is mounted there, not in /home/kitten. Mount it at /home/kitten/data" in said.log
    )


def test_a_container_that_is_started_again_finds_its_user(tmp_path: Path) -> None:
    again = "start.sh true && env -u START_SH_RAN start.sh id"
    said = box.script(tmp_path / "box", again, environ={"NB_USER": "kitten", "NB_UID": "1010"})
    assert "uid=1010(kitten)" in good(said)


def test_a_container_started_again_for_another_user_is_refused(tmp_path: Path) -> None:
    again = "NB_USER=kitten start.sh true && NB_USER=puppy start.sh id"
    assert "neither a user jovyan nor puppy" in refused(box.script(tmp_path / "box", again))


def test_root_by_saying_so(tmp_path: Path) -> None:
    said = run(tmp_path, "id", NB_USER="root", NB_UID="0", NB_GID="0")
    assert "uid=0(root)" in said.out
    assert "the command runs as root" in said.log


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NB_USER", "a b"),
        ("NB_USER", "x ALL=(ALL) NOPASSWD: ALL\n#"),
        ("NB_USER", "../etc"),
        ("NB_UID", "me"),
        ("NB_GID", "-1"),
        ("NB_GROUP", "$(id)"),
        ("NB_UMASK", "rwx"),
        ("CHOWN_HOME", "maybe"),
        ("GRANT_SUDO", "perhaps"),
        ("JUPYTER_ENV_VARS_TO_UNSET", "A;id"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    assert f"start.sh: ERROR: {name}={value}" in refused(run(tmp_path, "id", **{name: value}))


# ---------------------------------------------------------------- files


def test_chown_home(tmp_path: Path) -> None:
    command = 'stat -c "%u:%g %n" ~ ~/.bashrc'
    out = good(run(tmp_path, "bash", "-c", command, NB_UID="1010", NB_GID="101", CHOWN_HOME="yes"))
    # Not what is in it, unless it is asked for.
    assert out == "1010:101 /home/jovyan\n1000:100 /home/jovyan/.bashrc\n"


def test_chown_home_opts(tmp_path: Path) -> None:
    options = {"NB_UID": "1010", "NB_GID": "101", "CHOWN_HOME": "1", "CHOWN_HOME_OPTS": "-R --no-dereference"}
    assert good(run(tmp_path, "stat", "-c", "%u:%g", "/home/jovyan/.bashrc", **options)) == "1010:101\n"


def test_chown_extra_and_its_opts(tmp_path: Path) -> None:
    prepare = "mkdir -p '/srv/with space/in' /srv/other"
    paths = "/srv/with space,/srv/other"
    command = ("stat", "-c", "%u:%g", "/srv/with space/in", "/srv/other")
    out = good(
        run(tmp_path, *command, prepare=prepare, NB_UID="1010", CHOWN_EXTRA=paths, CHOWN_EXTRA_OPTS="-R")
    )
    assert out == "1010:100\n1010:100\n"
    out = good(run(tmp_path, *command, prepare=prepare, NB_UID="1010", CHOWN_EXTRA=paths))
    assert out == "0:0\n1010:100\n"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"CHOWN_EXTRA": "/nowhere"}, "CHOWN_EXTRA: /nowhere does not exist"),
        (
            {"CHOWN_HOME": "yes", "CHOWN_HOME_OPTS": "-R /etc"},
            "CHOWN_HOME_OPTS: /etc is not an option of chown",
        ),
    ],
)
def test_a_chown_that_cannot_be_is_refused(tmp_path: Path, settings: dict[str, str], why: str) -> None:
    assert why in refused(run(tmp_path, "id", **settings))


def test_nb_umask(tmp_path: Path) -> None:
    assert good(run(tmp_path, "bash", "-c", "umask")) == "0022\n"
    assert good(run(tmp_path, "bash", "-c", "umask", NB_UMASK="002")) == "0002\n"
    assert good(run(tmp_path, "bash", "-c", "umask", NB_UMASK="0077", user="1000:100")) == "0077\n"


def test_fix_permissions_gives_the_group_what_it_needs_and_touches_nothing_twice(tmp_path: Path) -> None:
    prepare = """
    mkdir -p /srv/x/in
    touch /srv/x/file /srv/x/in/program
    chmod 644 /srv/x/file
    chmod 755 /srv/x/in/program
    ln -s /etc/passwd /srv/x/link
    """
    command = """
    fix-permissions /srv/x
    stat -c '%A %G %n' /srv/x /srv/x/in /srv/x/file /srv/x/in/program
    stat -L -c '%G' /srv/x/link
    before="$(stat -c '%z' /srv/x /srv/x/in /srv/x/file /srv/x/in/program)"; sleep 0.05
    fix-permissions /srv/x
    [ "$before" = "$(stat -c '%z' /srv/x /srv/x/in /srv/x/file /srv/x/in/program)" ] && echo untouched
    """
    said = box.script(tmp_path / "box", command, prepare=prepare)
    assert said.status == 0, said
    assert "drwxrwsr-x users /srv/x\ndrwxrwsr-x users /srv/x/in\n-rw-rw-r-- users /srv/x/file\n" in said.out
    assert "-rwxrwxr-x users /srv/x/in/program" in said.out
    # A link leads elsewhere.
    assert said.out.endswith("root\nuntouched\n")


def test_fix_permissions_of_nothing_says_so(tmp_path: Path) -> None:
    assert "there is no such directory" in refused(run(tmp_path, "fix-permissions", "/nowhere"))


# ---------------------------------------------------------------- sudo


@NEEDS_SUDO
@pytest.mark.parametrize("yes", ["yes", "1"])
def test_grant_sudo(tmp_path: Path, yes: str) -> None:
    command = "sudo -n id -u; sudo -n conda-in-a-box; stat -c %a /etc/sudoers.d/start-sh 2>&1"
    out = good(run(tmp_path, "bash", "-c", command, GRANT_SUDO=yes, NB_USER="kitten"))
    assert out.startswith("0\nthe conda of the box\n")


@NEEDS_SUDO
@pytest.mark.parametrize("settings", [{}, {"GRANT_SUDO": "no"}])
def test_without_it_there_is_no_sudo(tmp_path: Path, settings: dict[str, str]) -> None:
    assert run(tmp_path, "sudo", "-n", "id", **settings).status != 0


@NEEDS_SUDO
def test_a_grant_ends_with_the_container_s_next_start(tmp_path: Path) -> None:
    again = "GRANT_SUDO=yes start.sh true && start.sh sudo -n id"
    assert box.script(tmp_path / "box", again).status != 0


# ---------------------------------------------------------------- a uid that nobody knows


def test_an_unknown_uid_of_group_root_gets_a_name(tmp_path: Path) -> None:
    said = run(tmp_path, "bash", "-c", "id; whoami; getent passwd jovyan", user="1010:0", groups="100")
    assert "uid=1010(jovyan) gid=0(root) groups=0(root),100(users)" in good(said)
    assert "jovyan:x:1010:0::/home/jovyan:/bin/bash" in said.out


def test_an_unknown_uid_gets_the_name_it_asks_for(tmp_path: Path) -> None:
    assert good(run(tmp_path, "whoami", user="1010:0", groups="100", NB_USER="kitten")) == "kitten\n"


def test_an_unknown_uid_of_another_group_is_told_and_runs(tmp_path: Path) -> None:
    said = run(tmp_path, "id", user="1010:1010", groups="100")
    assert "uid=1010 gid=1010 groups=1010,100(users)" in said.out
    assert "Use --user 1010:0" in said.log
    assert said.log.count("WARNING") == 1


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    said = run(tmp_path, "true", user="1010:0")
    assert said.status == 0
    assert "Add --group-add users" in said.log
    assert said.log.count("WARNING") == 1


def test_a_home_that_the_engine_did_not_know_is_the_image_s(tmp_path: Path) -> None:
    assert good(run(tmp_path, "bash", "-c", "echo $HOME", user="1000:100", HOME="/")) == "/home/jovyan\n"


@pytest.mark.parametrize("name", ["NB_USER", "NB_UID", "NB_GID", "GRANT_SUDO", "CHOWN_HOME", "CHOWN_EXTRA"])
def test_what_needs_root_says_so(tmp_path: Path, name: str) -> None:
    value = {"NB_USER": "kitten", "NB_UID": "1010", "NB_GID": "110", "CHOWN_EXTRA": "/srv"}.get(name, "yes")
    said = run(tmp_path, "id", "-u", user="1000:100", **{name: value})
    assert said.out == "1000\n"
    assert f"WARNING: {name}={value} needs root: add --user root" in said.log


# ---------------------------------------------------------------- the environment


@pytest.mark.parametrize("user", ["0:0", "1000:100"])
def test_jupyter_env_vars_to_unset(tmp_path: Path, user: str) -> None:
    settings = {"JUPYTER_ENV_VARS_TO_UNSET": "SECRET_ANIMAL,UNUSED, SECRET_FRUIT", "FRUIT": "bananas"}
    settings |= {"SECRET_ANIMAL": "cats", "SECRET_FRUIT": "mango"}
    seen = good(run(tmp_path, "env", user=user, **settings))
    assert "FRUIT=bananas\n" in seen
    assert "SECRET" not in seen and "TO_UNSET" not in seen


def test_the_rest_of_the_environment_arrives_as_it_is(tmp_path: Path) -> None:
    odd = "a b\n'\"$(id)`id`"
    assert (
        good(
            run(tmp_path, "bash", "-c", 'printf "%s" "$ODD|$LD_LIBRARY_PATH"', ODD=odd, LD_LIBRARY_PATH="/x")
        )
        == f"{odd}|/x"
    )


# ---------------------------------------------------------------- hooks

HOOKS = r"""
cd /usr/local/bin/start-notebook.d
echo 'echo "1 sourced as $(id -u)"; export FROM_A_HOOK=yes NB_UMASK=027' >10-first.sh
printf '#!/bin/sh\necho "2 run as $(id -u)"\n' >20-second
chmod +x 20-second
echo 'echo never' >30-not-executable
echo 'echo "$NOT_SET"; false' >40-fails.sh
echo 'echo "3 last as $(id -u) of $NB_USER in $HOME"' >../before-notebook.d/x.sh
"""


def test_hooks_run_in_order_before_and_after_the_options(tmp_path: Path) -> None:
    said = run(tmp_path, "bash", "-c", 'echo "$FROM_A_HOOK $(umask)"', prepare=HOOKS, NB_USER="kitten")
    assert said.status == 0
    lines = [line for line in said.out.splitlines() if line]
    assert lines == ["1 sourced as 0", "2 run as 0", "3 last as 0 of kitten in /home/kitten", "yes 0027"]
    assert "30-not-executable is neither *.sh nor executable" in said.log
    assert "40-fails.sh ended with status 1; going on" in said.log


def test_hooks_run_as_the_user_when_there_is_no_root(tmp_path: Path) -> None:
    said = run(tmp_path, "true", prepare=HOOKS, user="1000:100")
    assert "1 sourced as 1000\n2 run as 1000\n" in said.out


def test_a_secret_is_there_for_hooks_and_not_after_them(tmp_path: Path) -> None:
    hook = "echo 'echo \"hook: $SECRET\"' > /usr/local/bin/before-notebook.d/x.sh"
    said = run(
        tmp_path,
        "bash",
        "-c",
        'echo "after: $SECRET"',
        prepare=hook,
        SECRET="s",
        JUPYTER_ENV_VARS_TO_UNSET="SECRET",
    )
    assert said.out == "hook: s\nafter: \n"


# ---------------------------------------------------------------- rights


def test_the_user_keeps_the_right_to_443_that_root_had_and_no_other(tmp_path: Path) -> None:
    caps = int(
        dict(line.split(":\t") for line in good(run(tmp_path, "cat", "/proc/self/status")).splitlines())[
            "CapEff"
        ],
        16,
    )
    assert caps == 1 << 10


def test_the_scripts_are_clean() -> None:
    """shellcheck, where it is installed: the same Debian package as CI's."""
    import shutil
    import subprocess

    checker = shutil.which("shellcheck")
    if checker is None:
        pytest.skip("shellcheck is not installed here")
    scripts = [*(box.ROOT / "docker").glob("*.sh"), box.ROOT / "docker" / "fix-permissions"]
    scripts += [
        box.ROOT / "util" / f"jupyter-notebook-{name}" for name in ("secure", "insecure-for-testing-only")
    ]
    done = subprocess.run(
        [checker, "--external-sources", *scripts], cwd=box.ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
