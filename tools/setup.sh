#!/bin/sh
# Make the environment in .venv from requirements.lock, and fetch data/. Needs Python 3.11 or newer and git.
# Quick and silent where nothing has changed; run it again after an interruption.
set -eu
cd "$(dirname "$0")/.."
. tools/uv.sh

stamp=.venv/.installed
wanted=$(git hash-object --stdin <<EOF
$(git hash-object requirements.lock pyproject.toml tools/setup.sh tools/uv.sh)
EOF
)

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    find_uv
    make_environment .venv
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
