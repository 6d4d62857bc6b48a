# shellcheck shell=bash
# Sourced, with a directory: sources its *.sh files and runs its executables, in the order of their names.
#
# Sourced ones may export variables. One that fails is told and does not keep the others, or the server, from starting.

run_hooks() {
    local directory="$1" hook status options
    [[ -d "$directory" ]] || return 0
    # Hooks are written for a plain shell: an unset variable or a failing command is theirs to mind.
    options="$(set +o)"
    set +euo pipefail
    for hook in "$directory"/*; do
        if [[ ! -f "$hook" ]]; then
            continue
        elif [[ "$hook" == *.sh ]]; then
            # shellcheck disable=SC1090  # the user's own
            . "$hook"
            status=$?
        elif [[ -x "$hook" ]]; then
            "$hook"
            status=$?
        else
            echo "run-hooks: WARNING: $hook is neither *.sh nor executable: left out" >&2
            continue
        fi
        set +euo pipefail
        [[ "$status" == 0 ]] || echo "run-hooks: ERROR: $hook ended with status $status; going on" >&2
    done
    eval "$options"
}

run_hooks "$@"
