import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.papers import load_paper
from graspbook.pipeline.verify import Agreement, certificate, compare_file, compare_run, passed
from graspbook.reporting.claims import write_claims
from graspbook.reporting.ledger import judge_all
from graspbook.reporting.tables import write_table

TABLE = pd.DataFrame({"method": ["A", "B"], "m": [1.0, 2.0], "m_lo": [0.5, 1.5], "m_hi": [1.5, 2.5]})


def lock(**hashes):
    outs = {"train": ["weights.safetensors"], "evaluate": ["table.csv", "picture.png"]}
    return yaml.safe_dump(
        {
            "schema": "2.0",
            "stages": {
                stage: {"cmd": "x", "outs": [{"path": path, "md5": hashes.get(path, "0")} for path in paths]}
                for stage, paths in outs.items()
            },
        },
        sort_keys=False,
    )


def csv(frame):
    return frame.to_csv(index=False)


@pytest.fixture
def repository(tmp_path):
    """A repository whose committed run has a table, a picture, and weights that are not in git."""

    def git(*arguments):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "dvc.lock").write_text(lock())
    (tmp_path / "table.csv").write_text(csv(TABLE))
    (tmp_path / "picture.png").write_bytes(b"png")
    git("init")
    git("add", ".")
    git("commit", "-m", "a run")
    return tmp_path


def test_an_unchanged_run_is_bit_equal(repository):
    comparisons = compare_run(repository, repository)
    assert {c.agreement for c in comparisons} == {Agreement.EQUAL}
    assert [line.split() for line in certificate(comparisons).splitlines()] == [
        ["train", "bit-equal"],
        ["evaluate", "bit-equal"],
    ]


def test_changed_numbers_pass_inside_their_intervals_and_fail_outside(repository):
    (repository / "dvc.lock").write_text(lock(**{"weights.safetensors": "1"}))
    (repository / "picture.png").write_bytes(b"other")
    (repository / "table.csv").write_text(csv(TABLE.assign(m=[1.4, 1.6])))
    comparisons = compare_run(repository, repository)
    assert {c.path: c.agreement for c in comparisons} == {
        "weights.safetensors": Agreement.DIFFERS,
        "table.csv": Agreement.IN_BAND,
        "picture.png": Agreement.DIFFERS,
    }
    assert passed(comparisons)

    (repository / "table.csv").write_text(csv(TABLE.assign(m=[1.4, 1.4])))
    comparisons = compare_run(repository, repository)
    assert not passed(comparisons)
    assert "B: m 1.4 not in [1.5, 2.5]" in certificate(comparisons)


def test_missing_outputs_fail(repository):
    (repository / "table.csv").unlink()
    comparisons = compare_run(repository, repository)
    assert not passed(comparisons)
    assert "missing" in certificate(comparisons)


def test_another_checkout_can_be_compared(repository, tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    (run / "dvc.lock").write_text(lock())
    (run / "table.csv").write_text(csv(TABLE))
    agreements = {c.path: c.agreement for c in compare_run(repository, run)}
    assert agreements["table.csv"] is Agreement.EQUAL
    assert agreements["picture.png"] is Agreement.MISSING


def test_a_table_with_empty_cells_or_other_rows():
    empty = TABLE.assign(m=[float("nan"), 2.0])
    changed = empty.assign(m=[float("nan"), 2.1])
    assert compare_file("t.csv", csv(changed).encode(), csv(empty).encode())[0] is Agreement.IN_BAND
    assert compare_file("t.csv", csv(TABLE).encode(), csv(empty).encode())[0] is Agreement.IN_BAND
    assert compare_file("t.csv", csv(empty).encode(), csv(TABLE).encode())[0] is Agreement.OUT_OF_BAND
    other = TABLE.assign(method=["A", "C"])
    assert compare_file("t.csv", csv(other).encode(), csv(TABLE).encode()) == (
        Agreement.OUT_OF_BAND,
        "other rows or columns",
    )
    plain = TABLE[["method", "m"]]
    assert compare_file("t.csv", csv(plain.assign(m=9)).encode(), csv(plain).encode())[0] is Agreement.DIFFERS


def test_what_cannot_be_compared_is_said(repository, tmp_path_factory):
    with pytest.raises(InputError, match="git knows no revision 'v9'"):
        compare_run(repository, repository, "v9")
    with pytest.raises(InputError, match=r"dvc\.lock: missing; run `dvc repro` first"):
        compare_run(repository, tmp_path_factory.mktemp("empty"))
    bare = tmp_path_factory.mktemp("bare")
    subprocess.run(["git", "init"], cwd=bare, check=True, capture_output=True)
    with pytest.raises(InputError, match="git knows no revision 'HEAD'"):
        compare_run(bare, bare)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports with a table, its replicates, its metrics and the ledger of claims."""
    paper = load_paper("selfsup")
    printed = paper.tables["table_1"]
    frame, rng = printed.frame(), np.random.default_rng(0)
    noise = [frame[list(printed.metrics)] * (1 + 0.05 * rng.standard_normal((len(frame), 3))) for _ in range(100)]
    replicates = pd.concat([part.assign(replicate=i, method=frame["method"]) for i, part in enumerate(noise)])
    root = tmp_path_factory.mktemp("run") / "reports"
    folder = root / "selfsup/evaluate"
    write_table(frame, replicates, printed, folder, "table_1", "standard")
    (folder / "metrics.json").write_text(json.dumps({"MOG": {"miou": float(frame["miou"][2])}}))
    write_claims(judge_all(root), folder, "standard")
    return root


@pytest.fixture
def results(repository, reports):
    """The folder of a run in a repository that has committed it."""
    shutil.copytree(reports, repository / "reports")
    stages = {"evaluate": {"cmd": "x", "outs": [{"path": "reports/selfsup/evaluate", "md5": "0"}]}}
    (repository / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    commit(repository)
    return repository / "reports/selfsup/evaluate"


def commit(repository):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
    for arguments in (["add", "."], ["commit", "-m", "results"]):
        subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)


def raise_numbers(path):
    frame = pd.read_parquet(path)
    frame["miou"] += 30
    frame.to_parquet(path)


FALSE = {
    "claims.csv": lambda p: p.write_text(p.read_text().replace("direction only", "reproduced")),
    "claims.md": lambda p: p.write_text(p.read_text().replace("direction only", "reproduced")),
    "metrics.json": lambda p: p.write_text('{"MOG": {"miou": 99.9}}'),
    "table_1.replicates.parquet": raise_numbers,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FALSE)
def test_what_contradicts_the_tables_of_its_run_fails(repository, results, name):
    FALSE[name](results / name)
    comparisons = compare_run(repository, repository)
    assert not passed(comparisons)
    assert [(c.path.rpartition("/")[2], c.agreement) for c in comparisons if c.agreement is not Agreement.EQUAL] == [
        (name, Agreement.OUT_OF_BAND)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FALSE, "table_1.csv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1", b"[" * 10**5])
def test_an_empty_a_truncated_or_another_file_fails(repository, results, name, content):
    (results / name).write_bytes(content)
    assert not passed(compare_run(repository, repository))


@pytest.mark.slow
def test_a_run_on_another_processor_differs_and_passes(repository, results):
    table = pd.read_csv(results / "table_1.csv")
    table["miou"] += 0.001
    (results / "table_1.csv").write_text(table.to_csv(index=False))
    replicates = pd.read_parquet(results / "table_1.replicates.parquet")
    replicates["miou"] += 1e-5
    replicates.to_parquet(results / "table_1.replicates.parquet")
    write_claims(judge_all(repository / "reports"), results, "standard")
    (results / "metrics.json").write_text(json.dumps({"MOG": {"miou": table["miou"][2]}}))
    comparisons = compare_run(repository, repository)
    assert passed(comparisons), certificate(comparisons)
    assert {c.agreement for c in comparisons} >= {Agreement.DIFFERS, Agreement.IN_BAND}


@pytest.mark.parametrize("content", ["", "stages: [1]", "stages: {a: {outs: [{path: x}]}}", "{", "\x00"])
def test_a_faulty_lock_file_is_named(repository, content):
    (repository / "dvc.lock").write_text(content)
    with pytest.raises(InputError, match=r"dvc\.lock: "):
        compare_run(repository, repository)
