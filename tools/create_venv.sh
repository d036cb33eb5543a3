#!/bin/sh
# create_venv.sh FOLDER PIP-ARGUMENTS: an environment with a Python >= 3.11 from the PATH, and packages in it.
set -eu
folder=$1
shift
if [ ! -x "$folder/bin/python" ]; then
    for python in "${PYTHON:-python3.11}" python3.12 python3 python3.13 python; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "Creating $folder with $("$python" --version)"
            "$python" -m venv "$folder"
            break
        fi
    done
fi
if [ ! -x "$folder/bin/python" ]; then
    echo "No Python 3.11 or newer with venv on the PATH (on Debian: apt-get install python3 python3-venv)." >&2
    exit 1
fi
"$folder/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check "$@"
