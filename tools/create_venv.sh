#!/bin/sh
# create_venv.sh FOLDER PIP-ARGUMENTS: an environment with a Python that runs, 3.13 first, and packages in it.
# PYTHON=name-or-path asks for one.
set -eu
folder=$1
shift

# Every file of this name on the PATH, then pyenv's: one may answer "not found" though the next one runs.
named() {
    case $1 in */*) printf '%s\n' "$1" && return ;; esac
    printf '%s\n' "$PATH" | tr : '\n' | while read -r place; do printf '%s\n' "$place/$1"; done
    printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$1"
}

find_python() {
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        named "$name"
    done | while read -r python; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$python"
            break
        fi
    done
}

if [ ! -x "$folder/bin/python" ]; then
    python=$(find_python)
    if [ -z "$python" ]; then
        echo "No Python 3.11 or newer with venv was found${PYTHON:+ under the name $PYTHON}" \
            "(on Debian: apt-get install python3 python3-venv)." >&2
        exit 1
    fi
    echo "Creating $folder with $("$python" --version)"
    "$python" -m venv "$folder"
fi
"$folder/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check "$@"
