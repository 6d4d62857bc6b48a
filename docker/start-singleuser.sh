#!/usr/bin/env bash
# The name JupyterHub's users type for a hub's server; jupyter-notebook-secure starts one when the hub's token is there.

if [[ -z "${JUPYTERHUB_API_TOKEN:-}" ]]; then
    echo "start-singleuser.sh: JUPYTERHUB_API_TOKEN is not set: no hub started this." >&2
    echo "start-singleuser.sh:   Without a hub, use jupyter-notebook-secure." >&2
    exit 1
fi
exec jupyter-notebook-secure "$@"
