#!/bin/sh
# Make the environment in .venv from requirements.lock, and fetch data/. Needs Python 3.11 or newer and git.
# Quick and silent where nothing has changed; run it again after an interruption.
set -eu
cd "$(dirname "$0")/.."
say() { printf '[setup] %s\n' "$*"; }

stamp=.venv/.installed
wanted=$(git hash-object --stdin <<EOF
$(git hash-object requirements.lock pyproject.toml tools/setup.sh)
EOF
)

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    # uv: the user's own, or one of ours
    if command -v uv >/dev/null 2>&1; then
        uv=uv
    else
        uv=scratch/uv/bin/uv
        if ! [ -x "$uv" ]; then
            say "installing uv, the package installer, into scratch/uv"
            rm -rf scratch/uv
            python3 -m venv scratch/uv
            scratch/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
        fi
    fi
    # A Python that every locked package has a wheel for; one is downloaded only if the machine has none.
    if ! [ -x .venv/bin/python ]; then
        say "making the environment in .venv"
        for python in 3.11 3.12 3.13; do
            $uv venv --quiet --no-python-downloads --python "$python" .venv 2>/dev/null && break
        done
        [ -x .venv/bin/python ] || $uv venv --quiet --python 3.11 .venv
    fi
    say "installing the packages of requirements.lock into .venv (a few minutes the first time)"
    $uv pip sync --quiet --python .venv/bin/python requirements.lock
    say "installing graspbook itself"
    $uv pip install --quiet --python .venv/bin/python --no-deps --editable .
    echo "$wanted" > "$stamp"
fi

if [ -f data.dvc ] && ! .venv/bin/dvc status --quiet data.dvc 2>/dev/null; then
    say "fetching data/ from .dvc/store"
    .venv/bin/dvc pull --quiet data.dvc
fi
say "ready: $(.venv/bin/python --version) in .venv"
