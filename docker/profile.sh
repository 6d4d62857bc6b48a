# shellcheck shell=sh
# A terminal works in the notebooks' environment, as their `!` does; the server's is behind it.
export CONDA_PREFIX=/opt/conda/envs/python3
case ":$PATH:" in
*:/opt/conda/envs/python3/bin:*) ;;
*:/opt/conda/bin:*) PATH="/opt/conda/envs/python3/bin:$PATH" ;;
*) PATH="/opt/conda/envs/python3/bin:/opt/conda/bin:$PATH" ;;
esac
