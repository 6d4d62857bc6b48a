# Sourced by util/test and util/demo: a virtual environment with the checkout in it, made when it is missing
# and renewed when pyproject.toml changed.
#
#   make_venv DIRECTORY [PIP-ARGUMENT…]     afterwards "$venv_python" is its interpreter

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# What would send our own pip and Python elsewhere than into the virtual environment.
unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIREMENT
# Some machines forbid bytecode (CI, containers): every one of the many Pythons that tests start would then
# compile all it imports anew, which is more work than most of them do.
unset PYTHONDONTWRITEBYTECODE
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# The first Python of 3.10 or later: the one PYTHON names, else of those on PATH.
find_python() {
    local candidate
    local -a candidates=(python3 python3.14 python3.13 python3.12 python3.11 python3.10 python)
    [[ -z "${PYTHON:-}" ]] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "No Python of 3.10 or later was found: tried ${candidates[*]}." \
        "Install one, or say where it is: PYTHON=/path/to/python3 $0"
}

# Debian and Ubuntu keep the venv module in a package of its own.
need_venv_module() {
    local python="$1" package
    "$python" -c 'import venv, ensurepip' >/dev/null 2>&1 && return
    package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
        say "$python lacks the venv module: installing $package"
        if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$package"; } >&2 &&
            "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            return
        fi
    fi
    die "$python cannot make virtual environments: its venv module is missing." \
        "On Debian and Ubuntu: apt-get install $package. Or name another: PYTHON=/path/to/python3 $0"
}

# What the environment was made from; when it differs, it is made again.
venv_key() {
    {
        "$1" -c 'import sys; print(sys.version, sys.base_prefix)'
        printf '%s\n' "$root" "${@:2}"
        cat "$root/pyproject.toml"
    } | cksum
}

make_venv() {
    local directory="$1" python key
    shift
    python="$(find_python)"
    key="$(venv_key "$python" "$@")"
    venv_python="$directory/bin/python"
    if [[ "$(cat "$directory/made-from" 2>/dev/null)" == "$key" ]] && "$venv_python" -c '' 2>/dev/null; then
        return
    fi
    need_venv_module "$python"
    mkdir -p "$(dirname "$directory")" 2>/dev/null || true
    [[ -w "$(dirname "$directory")" ]] || die "$(dirname "$directory") is not writable for $(id -un):" \
        "run this in a checkout of your own."
    say "making $directory with $("$python" --version)"
    rm -rf -- "$directory"
    "$python" -m venv "$directory"
    "$venv_python" -m pip install --quiet "$@"
    printf '%s\n' "$key" >"$directory/made-from"
}
