import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.papers import load_paper
from graspbook.pipeline.bands import Agreement
from graspbook.pipeline.certificate import certificate
from graspbook.pipeline.hashes import summarise
from graspbook.pipeline.machines import MACHINES, Machine
from graspbook.pipeline.timings import put_line
from graspbook.pipeline.verify import compare_file, compare_run, passed
from graspbook.reporting.tables import table_markdown, write_table
from graspbook.statistics.intervals import interval

TABLE = "reports/don/robot/table_5.csv"
DATA, WEIGHTS = "artifacts/don/scenes", "artifacts/don/trained"
STAGES = {
    "scenes": (DATA, "reports/don/scenes"),
    "train": (WEIGHTS, "reports/don/train"),
    "robot": ("reports/don/robot",),
}
PRINTED = load_paper("don").tables["table_5"]


def robot_table(root, shift=0.0):
    """Table V, each number moved with its replicates by a part of the interval of a second draw."""
    rng, rows, metrics = np.random.default_rng(1), list(PRINTED.rows), list(PRINTED.metrics)
    drawn = {row: 60 + 10 * k + 4 * rng.standard_normal((200, len(metrics))) for k, row in enumerate(rows)}
    half = {row: 2**0.5 * np.subtract(*interval(one.T)[::-1]) / 2 for row, one in drawn.items()}
    drawn = {row: one + shift * half[row] for row, one in drawn.items()}
    point = pd.DataFrame([{"method": row} | dict(zip(metrics, one.mean(0), strict=True)) for row, one in drawn.items()])
    replicates = pd.concat(
        pd.DataFrame(one, columns=metrics).assign(method=row, replicate=range(200)) for row, one in drawn.items()
    )
    write_table(point, replicates, PRINTED, root / "reports/don/robot", "table_5", "standard")


def write_lock(root, **hashes):
    """What the stages left, by the hashes of what is there; of data and weights by the hashes given."""
    outs = {
        stage: [{"path": path, "md5": hashes.get(path.split("/")[-1]) or summarise(root / path).md5} for path in paths]
        for stage, paths in STAGES.items()
    }
    stages = {stage: {"cmd": "x", "outs": given} for stage, given in outs.items()}
    (root / "notebooks/don").mkdir(parents=True, exist_ok=True)
    (root / "notebooks/don/dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))


def relock(root, **hashes):
    write_lock(root, **({"scenes": None, "trained": "0"} | hashes))


def write_made(root, md5="1", states="a"):
    (root / "reports/don/scenes/made.csv").write_text(f"path,md5,bytes,files,states\n{DATA},{md5},9,3,{states}\n")


@pytest.fixture
def repository(tmp_path):
    """A repository whose committed run has a data set, weights, a history without replicates, and a table."""
    for folder in (DATA, WEIGHTS, "reports/don/scenes", "reports/don/train"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("artifacts\n")
    (tmp_path / DATA / "a.png").write_bytes(b"pixels")
    (tmp_path / WEIGHTS / "a.safetensors").write_bytes(b"weights")
    write_made(tmp_path)
    (tmp_path / "reports/don/scenes/picture.png").write_bytes(b"png")
    (tmp_path / "reports/don/train/history.csv").write_text("step,loss\n1,2.0\n2,1.0\n")
    (tmp_path / "reports/don/train/notebook.ipynb").write_text("{}")
    robot_table(tmp_path)
    write_lock(tmp_path)
    for arguments in (["init"], ["add", "."], ["commit", "-m", "a run"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def agreements(root, run=None):
    return {stage.name: stage.agreement for stage in compare_run(root, run or root)}


def falsify(root, factor=1.01, **change):
    """Change one number of the table by 1 %, and nothing else."""
    table = pd.read_csv(root / TABLE)
    table.loc[0, "overall"] = change.get("to", table.loc[0, "overall"] * factor)
    table.to_csv(root / TABLE, index=False, float_format="%.6g")


def test_an_unchanged_run_is_bit_equal_and_said_in_counts_alone(repository):
    stages = compare_run(repository, repository)
    assert {stage.agreement for stage in stages} == {Agreement.EQUAL}
    assert passed(stages)
    lines = certificate(stages).splitlines()
    assert lines[-1] == "3 stages: 3 bit-equal" and not any(line.startswith("don: ") for line in lines)


def test_data_sets_of_other_pixels_and_equal_states_are_told(repository):
    write_made(repository, md5="2", states="a")
    (repository / "reports/don/scenes/picture.png").write_bytes(b"other")
    (repository / DATA / "a.png").write_bytes(b"other pixels")
    relock(repository)
    assert agreements(repository)["don: scenes"] is Agreement.STATES
    write_made(repository, md5="2", states="b")
    relock(repository)
    stages = compare_run(repository, repository)
    assert stages[0].agreement is Agreement.FAR and passed(stages)
    assert f"other states: {DATA}" in certificate(stages)


def test_without_a_hash_of_states_other_data_are_other_bytes(repository):
    (repository / "reports/don/scenes/made.csv").write_text(f"path,md5,bytes,files\n{DATA},2,9,3\n")
    (repository / DATA / "a.png").write_bytes(b"other pixels")
    relock(repository)
    assert agreements(repository)["don: scenes"] is Agreement.BYTES


@pytest.mark.parametrize(
    ("shift", "agreement"), [(0.02, Agreement.IN_BAND), (0.5, Agreement.IN_BAND), (2.0, Agreement.OUT_OF_BAND)]
)
def test_numbers_that_moved_with_their_replicates_are_judged_by_the_interval_of_a_second_draw(
    repository, shift, agreement
):
    robot_table(repository, shift)
    relock(repository)
    stages = compare_run(repository, repository)
    assert stages[2].agreement is agreement
    assert passed(stages) == (agreement is Agreement.IN_BAND)
    text = certificate(stages)
    assert f"{shift:.2f} half-widths at table_5, " in text and " committed, " in text
    outside = 0 if shift < 1 else 8
    assert f"{outside} of 8 numbers in tables that differ are out of band" in text


def test_a_cell_falsified_after_the_stage_ran_contradicts_the_lock_and_is_named(repository):
    falsify(repository)
    stages = compare_run(repository, repository)
    assert stages[2].agreement is Agreement.CONTRADICTS and not passed(stages)
    assert f"{TABLE}: " in certificate(stages) and "is not what its stage wrote" in certificate(stages)


def test_a_cell_falsified_by_1_percent_contradicts_its_markdown_whatever_the_lock_says(repository):
    falsify(repository)
    relock(repository)
    stages = compare_run(repository, repository)
    assert stages[2].agreement is Agreement.CONTRADICTS
    assert "contradicts table_5.md" in certificate(stages)


@pytest.mark.parametrize("by", [0.2, 0.5, 2.0])
def test_a_cell_and_its_markdown_falsified_by_a_part_of_the_interval_contradict_the_replicates(repository, by):
    table = pd.read_csv(repository / TABLE)
    value, low, high = table.loc[0, ["overall", "overall_lo", "overall_hi"]]
    falsify(repository, to=value + by * 2**0.5 * (high - low) / 2)
    forged = table_markdown(pd.read_csv(repository / TABLE), PRINTED, "standard")
    (repository / TABLE).with_suffix(".md").write_text(forged)
    relock(repository)
    stages = compare_run(repository, repository)
    assert stages[2].agreement is Agreement.CONTRADICTS
    assert f"contradicts its own replicates: table_5, {next(iter(PRINTED.rows))}, overall: " in certificate(stages)


def test_truncated_replicates_are_named(repository):
    place = repository / "reports/don/robot/table_5.replicates.parquet"
    place.write_bytes(place.read_bytes()[:300])
    relock(repository)
    stages = compare_run(repository, repository)
    assert not passed(stages)
    assert "reports/don/robot/table_5.replicates.parquet: cannot be read as a table" in certificate(stages)


def test_numbers_without_replicates_are_compared_within_a_tolerance_and_decide_nothing(repository):
    history = repository / "reports/don/train/history.csv"
    for loss, agreement, said in (
        (1.001, Agreement.CLOSE, "1 numbers without an interval differ by at most 0.001"),
        (1.5, Agreement.FAR, "1 differ by more than 1%, most at history, 2 (line 3), loss: 1 committed, 1.5 found"),
    ):
        history.write_text(f"step,loss\n1,2.0\n2,{loss}\n")
        relock(repository)
        stages = compare_run(repository, repository)
        assert stages[1].agreement is agreement and passed(stages)
        assert said in certificate(stages)


def test_other_weights_and_pictures_alone_pass(repository):
    relock(repository, trained="1")
    stages = compare_run(repository, repository)
    assert stages[1].agreement is Agreement.BYTES and passed(stages)


def test_what_did_not_run_or_is_not_there_fails(repository, tmp_path_factory):
    lock = repository / "notebooks/don/dvc.lock"
    content = yaml.safe_load(lock.read_text())
    del content["stages"]["robot"]
    lock.write_text(yaml.safe_dump(content, sort_keys=False))
    stages = compare_run(repository, repository)
    assert stages[2].agreement is Agreement.MISSING and not passed(stages)
    assert "reports/don/robot: the stage did not run" in certificate(stages)
    run = tmp_path_factory.mktemp("run")
    (run / "notebooks/don").mkdir(parents=True)
    subprocess.run(["git", "checkout", "--", "notebooks"], cwd=repository, check=True)
    (run / "notebooks/don/dvc.lock").write_bytes(lock.read_bytes())
    assert set(agreements(repository, run).values()) == {Agreement.MISSING}


def test_who_made_what_is_said(repository):
    machine = {"processor": "Ours", "instructions": "x AVX2", "threads": "1", "torch": "2", "numpy": "2", "numba": "1"}
    put_line(repository / MACHINES, "reports/don/train", "standard", machine)
    text = certificate(compare_run(repository, repository))
    assert "committed (HEAD) on a machine that is not recorded (1 stages)" in text
    assert f"this run on {Machine(**machine)} (1 stages)" in text
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    subprocess.run(["git", *identity, "commit", "-m", "m"], cwd=repository, check=True, capture_output=True)
    put_line(repository / MACHINES, "reports/don/train", "standard", machine | {"processor": "Another"})
    relock(repository, trained="1")
    text = certificate(compare_run(repository, repository))
    assert "on Ours, x AVX2" in text and "on Another, x AVX2" in text
    assert "other bytes  another machine" in text


def test_a_table_with_other_rows_is_out_of_band():
    table = pd.DataFrame({"method": ["A", "B"], "m": [1.0, 2.0], "m_lo": [0.5, 1.5], "m_hi": [1.5, 2.5]})
    ours, theirs = (one.to_csv(index=False).encode() for one in (table.assign(method=["A", "C"]), table))
    found = compare_file("t.csv", ours, theirs)
    assert (found.agreement, found.detail) == (Agreement.OUT_OF_BAND, "t: other rows or columns")
    assert compare_file("t.png", b"a", b"b").agreement is Agreement.BYTES


def test_what_cannot_be_compared_is_said(repository, tmp_path_factory):
    with pytest.raises(InputError, match="git knows no revision 'v9'"):
        compare_run(repository, repository, "v9")
    with pytest.raises(InputError, match=r"dvc\.lock: missing; run `dvc repro` first"):
        compare_run(repository, tmp_path_factory.mktemp("empty"))
    bare = tmp_path_factory.mktemp("bare")
    subprocess.run(["git", "init"], cwd=bare, check=True, capture_output=True)
    with pytest.raises(InputError, match="git knows no revision 'HEAD'"):
        compare_run(bare, bare)


@pytest.mark.parametrize("content", ["", "stages: [1]", "stages: {a: {outs: [{path: x}]}}", "{", "\x00"])
def test_a_faulty_lock_file_is_named(repository, content):
    (repository / "notebooks/don/dvc.lock").write_text(content)
    with pytest.raises(InputError, match=r"dvc\.lock: "):
        compare_run(repository, repository)
