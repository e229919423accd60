#!/bin/sh
# Make the environment of the book in scratch/book/venv from requirements-book.lock: `tools/setup_book.sh book` what
# builds it, `tools/setup_book.sh browser` also what opens it in a browser. Quick and silent where nothing has changed.
set -eu
cd "$(dirname "$0")/.."
. tools/uv.sh

group=${1:-book}
venv=scratch/book/venv
stamp=$venv/.installed-$group
wanted=$(cat requirements-book.lock tools/setup_book.sh tools/uv.sh | cksum)

if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    find_uv
    make_environment $venv
    say "installing the packages of the book into $venv"
    # versions and hashes are those of the lock; which of its packages are wanted, the group says
    $uv pip install --quiet --python $venv/bin/python --group "$group" --constraint requirements-book.lock
    echo "$wanted" > "$stamp"
fi
