import subprocess

import pandas as pd
import pytest
import yaml

from graspbook.core.errors import InputError
from graspbook.pipeline.verify import Agreement, certificate, compare_file, compare_run, passed

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


@pytest.mark.parametrize("content", ["", "stages: [1]", "stages: {a: {outs: [{path: x}]}}", "{", "\x00"])
def test_a_faulty_lock_file_is_named(repository, content):
    (repository / "dvc.lock").write_text(content)
    with pytest.raises(InputError, match=r"dvc\.lock: "):
        compare_run(repository, repository)
