#!/usr/bin/env bash
# The image's entry point: makes the user what the options say and runs the command as that user.
#
#   start.sh [COMMAND [ARGUMENT…]]      without a command, or with options only: jupyter-notebook-secure
#
# The options are environment variables, those of the Jupyter Docker Stacks; docs/launcher.md has them all. Those that
# change the user or own files need root (docker run --user root); the command never runs as root for that.

set -euo pipefail

image_user=jovyan
image_home="/home/$image_user"
users_gid=100
hooks=/usr/local/bin
here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"

log() { [[ -n "${JUPYTER_DOCKER_STACKS_QUIET:-}" ]] || printf 'start.sh: %s\n' "$*" >&2; }
warn() { printf 'start.sh: WARNING: %s\n' "$*" >&2; }
fail() {
    printf 'start.sh: ERROR: %s\n' "$1" >&2
    shift
    [[ $# == 0 ]] || printf 'start.sh:   %s\n' "$@" >&2
    exit 1
}

# ---------------------------------------------------------------- reading the options

# Whether the variable named says yes; anything that is neither yes nor no is an error.
yes() {
    local name="$1" value="${!1:-}"
    case "${value,,}" in
    1 | yes | true) return 0 ;;
    '' | 0 | no | false) return 1 ;;
    *) fail "$name=$value is neither yes nor no." "Use $name=yes, or leave it out." ;;
    esac
}

check() {
    local name="$1" pattern="$2" what="$3" value="${!1:-}"
    [[ -z "$value" || "$value" =~ $pattern ]] || fail "$name=$value is not $what."
}

read_options() {
    local account='^[A-Za-z_][A-Za-z0-9_.-]{0,31}$'
    : "${NB_USER:=$image_user}"
    check NB_USER "$account" "a user name: letters, digits, . _ and -"
    check NB_GROUP "$account" "a group name: letters, digits, . _ and -"
    check NB_UID '^[0-9]{1,9}$' "a user's number"
    check NB_GID '^[0-9]{1,9}$' "a group's number"
    check NB_UMASK '^0?[0-7]{3}$' "a mask of three octal digits, such as 002"
    check JUPYTER_ENV_VARS_TO_UNSET '^[A-Za-z0-9_, ]*$' "a list of names with commas between"
    local switch
    for switch in CHOWN_HOME GRANT_SUDO; do
        yes "$switch" || true
    done
    : "${NB_UID:=$(id -u "$image_user" 2>/dev/null || echo 1000)}"
    : "${NB_GID:=$(id -g "$image_user" 2>/dev/null || echo "$users_gid")}"
    export NB_USER NB_UID NB_GID
}

# ---------------------------------------------------------------- as root: the user, their home, their rights

refit_user() {
    if [[ "$NB_USER" != "$image_user" ]] && id "$image_user" >/dev/null 2>&1; then
        ! id "$NB_USER" >/dev/null 2>&1 || fail "NB_USER=$NB_USER: the image has a user of that name already."
        usermod --login "$NB_USER" --home "/home/$NB_USER" "$image_user"
        log "the user $image_user is now $NB_USER"
    elif ! id "$NB_USER" >/dev/null 2>&1; then
        fail "There is neither a user $image_user nor $NB_USER: this container was started before with another NB_USER."
    fi
    [[ "$NB_UID:$NB_GID" != "$(id -u "$NB_USER"):$(id -g "$NB_USER")" ]] || return 0
    make_group
    # Not usermod --uid: it goes through the whole home, mounts and all, and changes its owner.
    userdel "$NB_USER" 2>/dev/null || fail "The user $NB_USER cannot be changed: it runs something already."
    useradd --no-log-init --no-create-home --home-dir "/home/$NB_USER" --shell /bin/bash \
        --non-unique --uid "$NB_UID" --gid "$NB_GID" --groups "$users_gid" "$NB_USER"
    log "the user $NB_USER is now $NB_UID:$NB_GID"
}

make_group() {
    local name="${NB_GROUP:-$NB_USER}" number
    [[ -n "${NB_GROUP:-}" ]] || ! getent group "$NB_GID" >/dev/null || return 0
    number="$(getent group "$name" | cut -d: -f3)"
    [[ "$number" != "$NB_GID" ]] || return 0
    [[ -z "$number" ]] || fail "NB_GROUP=$name is group $number already, not NB_GID=$NB_GID."
    groupadd --non-unique --gid "$NB_GID" "$name"
}

refit_home() {
    local home="/home/$NB_USER" below
    if [[ "$NB_USER" != "$image_user" && ! -e "$home" ]]; then
        log "copying $image_home to $home"
        mkdir -- "$home"
        # What is mounted below is the host's, and would be another file here: it is left where it was mounted.
        cp --archive --one-file-system -- "$image_home/." "$home/" || warn "$image_home was not copied whole"
        chown --recursive --no-dereference "$NB_UID:$NB_GID" "$home"
        while read -r below; do
            warn "$below is mounted there, not in $home. Mount it at $home${below#"$image_home"}"
        done < <(awk -v home="$image_home/" 'index($5, home) == 1 { print $5 }' /proc/self/mountinfo)
    fi
    export HOME="$home"
    if [[ "${XDG_CACHE_HOME:-}" == "$image_home"/* ]]; then
        export XDG_CACHE_HOME="$home${XDG_CACHE_HOME#"$image_home"}"
    fi
    if [[ "$PWD/" == "$image_home/"* && -d "$home${PWD#"$image_home"}" ]]; then
        cd -- "$home${PWD#"$image_home"}"
    fi
}

own_files() {
    local -a options paths
    if yes CHOWN_HOME; then
        read -ra options <<<"${CHOWN_HOME_OPTS:-}"
        own CHOWN_HOME "$HOME" ${options[@]+"${options[@]}"}
    fi
    [[ -n "${CHOWN_EXTRA:-}" ]] || return 0
    read -ra options <<<"${CHOWN_EXTRA_OPTS:-}"
    local path
    IFS=, read -ra paths <<<"$CHOWN_EXTRA"
    for path in "${paths[@]}"; do
        [[ -z "$path" ]] || own CHOWN_EXTRA "$path" ${options[@]+"${options[@]}"}
    done
}

own() {
    local setting="$1" path="$2" option
    shift 2
    for option in "$@"; do
        [[ "$option" == -* ]] || fail "${setting}_OPTS: $option is not an option of chown." "Use ${setting}_OPTS=-R"
    done
    [[ -e "$path" ]] || fail "$setting: $path does not exist."
    log "giving $path to $NB_UID:$NB_GID"
    chown "$@" "$NB_UID:$NB_GID" -- "$path" || warn "$setting: not all of $path could be given to $NB_UID:$NB_GID"
}

grant_sudo() {
    local file=/etc/sudoers.d/start-sh
    rm -f -- "$file"
    yes GRANT_SUDO || return 0
    command -v sudo >/dev/null || fail "GRANT_SUDO=yes: there is no sudo in this image."
    log "GRANT_SUDO: $NB_USER may become root without a password"
    # sudo has a PATH of its own; conda's programs are to be found there too.
    (
        umask 0337
        printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$NB_USER"
        printf 'Defaults:%s secure_path="%s/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n' \
            "$NB_USER" "${CONDA_DIR:-/opt/conda}"
    ) >"$file.new"
    chmod 0440 "$file.new"
    visudo -cqf "$file.new" || fail "sudo does not take NB_USER=$NB_USER."
    mv -- "$file.new" "$file"
}

# ---------------------------------------------------------------- as a user: what can be had without root

name_this_user() {
    [[ -z "$(getent passwd "$(id -u)" || true)" ]] || return 0
    if [[ ! -w /etc/passwd ]]; then
        warn "user $(id -u) has no name here, and some programs need one. Use --user $(id -u):0"
        return 0
    fi
    # The image's own user makes room; files in /etc cannot be replaced, only written.
    local kept
    kept="$(sed "s/^$image_user:/nobody-$image_user:/" /etc/passwd)"
    printf '%s\n%s:x:%s:%s::%s:/bin/bash\n' "$kept" "$NB_USER" "$(id -u)" "$(id -g)" "$image_home" >/etc/passwd
    log "user $(id -u) is called $NB_USER"
}

tell_what_needs_root() {
    local name
    for name in GRANT_SUDO CHOWN_HOME; do
        ! yes "$name" || warn "$name=${!name} needs root: add --user root"
    done
    [[ -z "${CHOWN_EXTRA:-}" ]] || warn "CHOWN_EXTRA=$CHOWN_EXTRA needs root: add --user root"
    [[ "$NB_USER" == "$image_user" || "$NB_USER" == "$(id -un 2>/dev/null)" ]] ||
        warn "NB_USER=$NB_USER needs root: add --user root"
    # The image sets these to its own user's: a container run as another user did not ask for them.
    local image_uid
    image_uid="$(id -u "nobody-$image_user" 2>/dev/null || id -u "$image_user" 2>/dev/null || true)"
    [[ "$NB_UID" == "$(id -u)" || "$NB_UID" == "$image_uid" ]] || warn "NB_UID=$NB_UID needs root: add --user root"
    [[ "$NB_GID" == "$(id -g)" || "$NB_GID" == "$users_gid" ]] || warn "NB_GID=$NB_GID needs root: add --user root"
}

find_home() {
    # An engine that does not know the user says / or nothing.
    [[ -n "${HOME:-}" && "$HOME" != / ]] || export HOME="$image_home"
    [[ -w "$HOME" ]] || warn "$HOME cannot be written by user $(id -u). Add --group-add users"
}

# ---------------------------------------------------------------- both

run_hooks_in() {
    [[ -d "$hooks/$1" ]] || return 0
    # shellcheck source=docker/run-hooks.sh
    . "$here/run-hooks.sh" "$hooks/$1"
}

tidy_environment() {
    local name
    local list="${JUPYTER_ENV_VARS_TO_UNSET:-}"
    for name in ${list//,/ }; do
        unset "$name" || fail "JUPYTER_ENV_VARS_TO_UNSET: $name is not a variable's name."
    done
    unset JUPYTER_ENV_VARS_TO_UNSET
    [[ -z "${NB_UMASK:-}" ]] || umask "$NB_UMASK"
}

# Runs the command as NB_USER, with the environment as it is.
become_user() {
    local -a options=(--reuid "$NB_UID" --regid "$NB_GID" --groups "$(id -G "$NB_USER" | tr ' ' ,)")
    local -a port443=(--inh-caps +net_bind_service --ambient-caps +net_bind_service)
    command -v setpriv >/dev/null || fail "There is no setpriv in this image (package util-linux)."
    # Port 443 is root's in some engines. Who had it may hand it on.
    if setpriv "${options[@]}" "${port443[@]}" true 2>/dev/null; then
        options+=("${port443[@]}")
    fi
    export USER="$NB_USER" LOGNAME="$NB_USER"
    exec setpriv "${options[@]}" -- "$@"
}

main() {
    [[ $# != 0 && "$1" != -* ]] || set -- jupyter-notebook-secure "$@"
    if [[ -n "${START_SH_RAN:-}" ]]; then
        warn "start.sh is the entry point of this image: leave it out of the command"
        exec "$@"
    fi
    export START_SH_RAN=1
    read_options
    run_hooks_in start-notebook.d
    # What a hook exported counts as if it had been given.
    read_options
    if [[ "$(id -u)" != 0 ]]; then
        name_this_user
        tell_what_needs_root
        find_home
        run_hooks_in before-notebook.d
        tidy_environment
        exec "$@"
    fi
    if [[ "$NB_UID" == 0 ]]; then
        warn "NB_UID=0: the command runs as root"
        run_hooks_in before-notebook.d
        tidy_environment
        exec "$@"
    fi
    refit_user
    refit_home
    own_files
    grant_sudo
    run_hooks_in before-notebook.d
    tidy_environment
    become_user "$@"
}

main "$@"
