#!/usr/bin/env bash
# The name users of the Jupyter Docker Stacks type for jupyter-notebook-secure.

exec jupyter-notebook-secure "$@"
