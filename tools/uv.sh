# Sourced by the set-up scripts, from the top of the repository: say, find_uv (into $uv), make_environment.
say() { printf '[setup] %s\n' "$*"; }

# uv: the user's own, or one of ours
find_uv() {
    if command -v uv >/dev/null 2>&1; then
        uv=uv
        return
    fi
    uv=scratch/uv/bin/uv
    if ! [ -x "$uv" ]; then
        say "installing uv, the package installer, into scratch/uv"
        rm -rf scratch/uv
        python3 -m venv scratch/uv
        scratch/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
    fi
}

# An environment with a Python that every locked package has a wheel for; one is downloaded only if the machine has none.
make_environment() {
    [ -x "$1/bin/python" ] && return
    say "making the environment in $1"
    for python in 3.11 3.12 3.13; do
        $uv venv --quiet --no-python-downloads --python "$python" "$1" 2>/dev/null && return
    done
    $uv venv --quiet --python 3.11 "$1"
}
