#!/bin/sh
# Make the environment in .venv from requirements.lock, and fetch data/. Needs Python 3.11 or newer.
# Quick and silent where nothing has changed; run it again after an interruption.
set -eu
cd "$(dirname "$0")/.."
. tools/uv.sh

stamp=.venv/.installed
wanted=$(cat requirements.lock pyproject.toml tools/setup.sh tools/uv.sh | cksum)

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    find_uv
    make_environment .venv
    say "installing the packages of requirements.lock into .venv (a few minutes the first time)"
    $uv pip sync --quiet --python .venv/bin/python requirements.lock
    say "installing graspbook itself"
    $uv pip install --quiet --python .venv/bin/python --no-deps --editable .
    echo "$wanted" > "$stamp"
fi

# an archive of the repository has no .git, and DVC works without it if it is told so
if ! [ -e .git ] && ! [ -e .dvc/config.local ]; then
    say "no git repository: all works but what compares with a revision (make verify, graspbook adopt), which needs a clone"
    printf '[core]\n    no_scm = true\n' > .dvc/config.local
fi

if [ -f data.dvc ] && ! .venv/bin/dvc status --quiet data.dvc 2>/dev/null; then
    say "fetching data/ from .dvc/store"
    .venv/bin/dvc pull --quiet data.dvc
fi
say "ready: $(.venv/bin/python --version) in .venv"
