import subprocess
import sys

import pytest

from graspbook.pipeline.dvc_command import PipelineError
from graspbook.pipeline.side_by_side import _longest_chains, needed_stages, reproduce_side_by_side

pytestmark = pytest.mark.slow

STAGE = "{name}:\n    cmd: {cmd}\n    deps: [{deps}]\n    outs: [{name}.txt: {{cache: false}}]\n"


@pytest.fixture
def pipeline(tmp_path):
    """a and b are independent, c needs both, d needs none of them."""

    def write(**commands):
        needs = {"a": "", "b": "", "c": "a.txt, b.txt", "d": ""}
        stages = [
            STAGE.format(name=name, deps=deps, cmd=commands.get(name, f"date +%s.%N > {name}.txt"))
            for name, deps in needs.items()
        ]
        (tmp_path / "dvc.yaml").write_text("stages:\n  " + "  ".join(stages))
        return tmp_path

    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "--quiet"], cwd=tmp_path, check=True)
    return write


def test_what_a_target_needs_is_known(pipeline):
    folder = pipeline()
    assert needed_stages(folder, ["c"]) == {"a": set(), "b": set(), "c": {"a", "b"}}
    assert set(needed_stages(folder, [])) == {"a", "b", "c", "d"}


def test_independent_stages_run_at_once_and_dependent_ones_after(pipeline):
    # each of a and b waits for the other to have begun
    meet = "touch {me}.begun && timeout 60 sh -c 'until test -e {other}.begun; do sleep 0.05; done' && echo > {me}.txt"
    folder = pipeline(a=meet.format(me="a", other="b"), b=meet.format(me="b", other="a"))
    ended = reproduce_side_by_side(folder, ["c"], jobs=2)
    assert set(ended[:2]) == {"a", "b"} and ended[2:] == ["c"]
    assert not (folder / "d.txt").exists()
    assert (folder / "dvc.lock").read_text().count("cmd:") == 3


def test_the_stage_that_most_has_to_wait_for_goes_first(pipeline):
    folder = pipeline()
    assert _longest_chains(needed_stages(folder, [])) == {"a": 2, "b": 2, "c": 1, "d": 1}
    (folder / "dvc.yaml").write_text((folder / "dvc.yaml").read_text().replace("  d:\n", "  0-first-by-name:\n"))
    ended = reproduce_side_by_side(folder, [], jobs=1)
    assert ended == ["a", "b", "0-first-by-name", "c"]


def test_a_second_run_executes_nothing(pipeline):
    folder = pipeline()
    reproduce_side_by_side(folder, [], jobs=2)
    written = {path: path.stat().st_mtime_ns for path in folder.glob("*.txt")}
    assert len(written) == 4
    reproduce_side_by_side(folder, [], jobs=2)
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*.txt")} == written


def test_a_stage_that_fails_is_named_and_what_needs_it_is_not_begun(pipeline, capfd):
    folder = pipeline(b="exit 1")
    with pytest.raises(PipelineError, match="stage b failed"):
        reproduce_side_by_side(folder, ["c"], jobs=2)
    assert not (folder / "c.txt").exists()


def test_each_stage_keeps_to_one_core(pipeline):
    folder = pipeline(a="echo $OMP_NUM_THREADS $GRASPBOOK_WORKERS > a.txt")
    reproduce_side_by_side(folder, ["a"], jobs=1)
    assert (folder / "a.txt").read_text() == "1 1\n"
