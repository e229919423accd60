"""What `dvc repro` runs after a change of the parameters: the stages that are given what changed, in one go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GRASPBOOK = f"""\
#!/bin/sh
if [ "$1" = sources ]; then
  exec {sys.executable} -c 'from graspbook.pipeline.sources import *; write_sources(Path("."))'
fi
mkdir -p "$3" artifacts
echo made > "$3/said.txt"
echo made > artifacts/one.txt
echo "$3" >> ran.txt
"""


@pytest.fixture
def repro(book, tmp_path_factory):
    """Run `dvc repro` in the small book; its pages are played. Returns the folders of the stages that ran."""
    programs = tmp_path_factory.mktemp("programs")
    (programs / "graspbook").write_text(GRASPBOOK)
    (programs / "graspbook").chmod(0o755)
    (book / ".dvc").mkdir()
    (book / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    source = str(Path(__file__).parents[2] / "src")
    variables = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": source}

    def run():
        (book / "ran.txt").write_text("")
        command = [sys.executable, "-m", "dvc", "repro", "--quiet", "--all-pipelines"]
        subprocess.run(command, cwd=book, env=variables, check=True)
        return sorted((book / "ran.txt").read_text().split())

    return run


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_changed_value_makes_exactly_those_stages_run_that_are_given_it(book, repro):
    params = book / "params/toy.yaml"
    assert repro() == ["reports/toy/many/first", "reports/toy/many/second", "reports/toy/one"]
    edit(params, "level: 1}", "level: 2} # explained")
    assert repro() == ["reports/toy/one"]
    edit(params, "level: 2} # explained", "level: 2}")
    edit(params, "second: {value: 2}", "second: {value: 3}")
    assert repro() == ["reports/toy/many/second"]
    edit(params, "second: {value: 3}", "second: {value: 3}\n  third: {value: 4}")
    assert repro() == ["reports/toy/many/third"], "the family has a new member"
    lock = (book / "notebooks/toy/dvc.lock").read_text()
    assert "value" not in lock and "all/third" in lock
