import dataclasses
import hashlib
import weakref

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from graspbook.core.errors import InputError
from graspbook.data import schema
from graspbook.data.grasps import GraspDataset, GraspSample, check_labels, stack_samples
from graspbook.data.images import write_png
from graspbook.data.writer import GraspWriter, write_grasps


class Tracked(np.ndarray):
    """An array that can be watched for being let go."""


@pytest.fixture
def dataset(tmp_path, make_grasp):
    outcomes = ["success", "dropped", "success", "multiple", "success", "success"]
    write_grasps(tmp_path / "set", [make_grasp(i, outcome=o) for i, o in enumerate(outcomes)])
    return GraspDataset(tmp_path / "set")


def rewrite(dataset, change):
    """Change the table's rows and write it again; open the result."""
    rows = [dataset.row(index) for index in range(len(dataset))]
    change(rows)
    schema.write_table(dataset.path, rows)
    return GraspDataset(dataset.root)


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def test_what_was_written_comes_back(tmp_path, make_grasp):
    grasp = make_grasp(5)
    assert write_grasps(tmp_path / "set", [grasp]) == tmp_path / "set" / "grasps.parquet"
    dataset = GraspDataset(tmp_path / "set")
    sample = dataset[0]
    assert sample.grasp_id == "e00001g01"
    for field in ("before", "after", "suction", "visible", "amodal"):
        assert np.array_equal(getattr(sample, field), getattr(grasp, field)), field
    for read, when in zip(dataset.depth(0), ("before", "after"), strict=True):
        assert np.allclose(read, getattr(grasp, f"depth_{when}"), atol=6e-5)
        assert (read == 0).sum() == 1
    for read, when in zip(dataset.ids(0), ("before", "after"), strict=True):
        assert np.array_equal(read, getattr(grasp, f"ids_{when}"))
    row = dataset.row(0)
    assert row["cup_sealed"] == [True, True, False, False, True]
    assert row["cup_gauge"] == grasp.cup_gauge.tolist()
    assert row["cup_u"] == grasp.cup_uv[:, 0].tolist() and row["cup_v"] == grasp.cup_uv[:, 1].tolist()
    assert row["moved_ids"] == [2, 7] and row["moved_m"] == [0.0, 0.25]
    assert row["world_from_camera"] == (np.eye(4) * 5).ravel().tolist()
    assert (row["visible_area"], row["amodal_area"]) == (grasp.visible.sum(), grasp.amodal.sum())
    assert (row["episode"], row["index"], row["split"], row["outcome"]) == (1, 1, "train", "success")


def test_the_same_grasps_give_the_same_bytes(tmp_path, make_grasp):
    for name in ("a", "b"):
        write_grasps(tmp_path / name, (make_grasp(i) for i in range(3)))
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_an_after_image_that_is_the_next_before_image_is_stored_once(tmp_path, make_grasp):
    first = make_grasp(0)
    second = make_grasp(1, previous=first)
    write_grasps(tmp_path / "set", [first, second])
    dataset = GraspDataset(tmp_path / "set")
    assert len(list((tmp_path / "set/images").iterdir())) == 9
    assert dataset.table["before"].tolist() == ["images/e00000g00_before.png", "images/e00000g00_after.png"]
    assert np.array_equal(dataset[1].before, second.before)
    assert np.array_equal(dataset.ids(1)[0], second.ids_before)


def test_merging_data_sets_is_writing_their_grasps_in_turn(tmp_path, make_grasp):
    grasps = [make_grasp(0)]
    for number in range(1, 8):
        grasps.append(make_grasp(number, previous=grasps[-1] if number % 4 else None))
    write_grasps(tmp_path / "whole", grasps)
    write_grasps(tmp_path / "left", grasps[:4])
    write_grasps(tmp_path / "right", grasps[4:])
    with GraspWriter(tmp_path / "merged") as writer:
        for part in ("left", "right"):
            dataset = GraspDataset(tmp_path / part)
            for index in range(len(dataset)):
                writer.copy(dataset, index)
    assert digest(tmp_path / "merged") == digest(tmp_path / "whole")


def test_nothing_appears_when_writing_fails_and_the_old_data_set_stays(tmp_path, make_grasp):
    def broken():
        yield make_grasp(0)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_grasps(tmp_path / "set", broken())
    assert list(tmp_path.iterdir()) == []
    write_grasps(tmp_path / "set", [make_grasp(1)])
    before = digest(tmp_path)
    with pytest.raises(RuntimeError, match="power cut"):
        write_grasps(tmp_path / "set", broken())
    assert digest(tmp_path) == before


def test_grasps_are_let_go_once_written(tmp_path, make_grasp):
    images = []

    def grasps():
        for number in range(10):
            image = make_grasp(number).before.view(Tracked)
            images.append(weakref.ref(image))
            yield make_grasp(number, before=image)
            del image
            assert (
                sum(reference() is not None for reference in images) <= 2
            )  # the last one may be compared with the next

    write_grasps(tmp_path / "set", grasps())


def test_what_a_killed_run_left_is_cleared(tmp_path, make_grasp):
    (tmp_path / ".set.partial/images").mkdir(parents=True)
    (tmp_path / ".set.partial/images/stale.png").write_bytes(b"")
    write_grasps(tmp_path / "set", [make_grasp(0)])
    assert not (tmp_path / "set/images/stale.png").exists()


def test_a_folder_that_is_no_data_set_is_not_replaced(tmp_path, make_grasp):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"holds thesis\.tex, which was not made here"):
        write_grasps(tmp_path / "set", [make_grasp(0)])
    assert (tmp_path / "set/thesis.tex").read_text() == "years of work"


def test_a_grasp_added_twice_is_refused(tmp_path, make_grasp):
    with pytest.raises(InputError, match="e00000g00 is added twice"):
        write_grasps(tmp_path / "set", [make_grasp(0), make_grasp(0)])


@pytest.mark.parametrize(
    ("field", "change", "expected"),
    [
        ("after", lambda v: v[:-1], r"uint8 \[32, 48, 3\], got uint8 \[31, 48, 3\]"),
        ("before", lambda v: v.astype(np.uint16), "got uint16"),
        ("visible", lambda v: v.astype(np.uint8), r"bool \[32, 48\], got uint8"),
        ("depth_before", lambda v: np.where(v > 1, np.nan, v).astype(np.float32), "no NaN"),
        ("depth_after", lambda v: v + 6, "metres in 0..6.5535"),
        ("depth_after", lambda v: v - 2, "metres in 0..6.5535"),
        ("outcome", lambda v: "triumph", "expected one of"),
    ],
)
def test_a_faulty_field_is_named_before_anything_is_written(tmp_path, make_grasp, field, change, expected):
    grasp = make_grasp(0)
    setattr(grasp, field, change(getattr(grasp, field)))
    with pytest.raises(InputError, match=f"grasp e00000g00: field {field}: .*{expected}"):
        write_grasps(tmp_path / "set", [grasp])
    assert list(tmp_path.iterdir()) == []


def test_arrays_stack_the_asked_for_grasps_in_order(dataset):
    batch = dataset.arrays([4, 0])
    assert batch.grasp_ids == ("e00001g00", "e00000g00") and len(batch) == 2
    assert batch.before.shape == (2, 32, 48, 3) and batch.suction.shape == batch.amodal.shape == (2, 32, 48)
    assert np.array_equal(batch.after[1], dataset[0].after)
    assert len(dataset.arrays()) == len(list(dataset)) == 6
    with pytest.raises(InputError, match="at least one"):
        dataset.arrays([])


def test_grasps_of_different_size_are_not_stacked(tmp_path, make_grasp):
    write_grasps(tmp_path / "set", [make_grasp(0), make_grasp(1, height=40)])
    dataset = GraspDataset(tmp_path / "set")
    assert dataset[1].before.shape == (40, 48, 3)
    with pytest.raises(InputError, match=r"grasp e00000g01: expected 32x48 .* e00000g00, found 40x48"):
        dataset.arrays()


def test_a_batch_has_labels_only_if_all_its_grasps_have(dataset):
    def drop_label(rows):
        rows[1]["visible_rle"] = None

    changed = rewrite(dataset, drop_label)
    assert changed[1].visible is None and changed[0].visible is not None
    batch = changed.arrays([0, 1])
    assert batch.visible is None and batch.amodal is not None


def test_successful_keeps_the_successes_only(dataset):
    view = dataset.successful()
    assert view.table["grasp_id"].tolist() == ["e00000g00", "e00000g02", "e00001g00", "e00001g01"]
    assert np.array_equal(view[2].before, dataset[4].before)
    assert len(dataset) == 6


def test_labelled_draws_without_repetition_and_a_smaller_draw_starts_a_larger_one(dataset):
    large, small = (dataset.labelled(n, seed=3).table["grasp_id"].tolist() for n in (6, 2))
    assert sorted(large) == sorted(dataset.table["grasp_id"]) and large[:2] == small
    orders = {tuple(dataset.labelled(6, seed=seed).table["grasp_id"]) for seed in range(5)}
    assert len(orders) > 1


def test_labelled_leaves_out_grasps_without_labels_or_without_a_visible_pixel(tmp_path, make_grasp):
    hidden = make_grasp(1, visible=np.zeros((32, 48), bool))
    write_grasps(tmp_path / "set", [make_grasp(0), hidden, make_grasp(2), make_grasp(3)])

    def drop_label(rows):
        rows[2]["amodal_rle"] = None

    dataset = rewrite(GraspDataset(tmp_path / "set"), drop_label)
    assert sorted(dataset.labelled(2, seed=0).table["grasp_id"]) == ["e00000g00", "e00000g03"]
    with pytest.raises(InputError, match="3 labelled grasps were asked for, the data set has 2"):
        dataset.labelled(3, seed=0)


def test_only_the_required_columns_are_needed(dataset):
    table = parquet.read_table(dataset.path).select(list(schema.REQUIRED))
    parquet.write_table(table, dataset.path)
    bare = GraspDataset(dataset.root)
    assert bare[0].visible is None
    assert np.array_equal(bare[0].suction, dataset[0].suction)
    with pytest.raises(InputError, match="0"):
        bare.labelled(1, seed=0)
    with pytest.raises(InputError, match="column outcome is missing"):
        bare.successful()
    with pytest.raises(InputError, match="grasp e00000g00 has no depth_before"):
        bare.depth(0)


def test_a_wider_type_that_loses_nothing_is_accepted(dataset):
    table = parquet.read_table(dataset.path)
    position = table.column_names.index("height")
    wide = table.set_column(position, "height", table.column("height").cast(arrow.int64()))
    parquet.write_table(wide, dataset.path)
    assert GraspDataset(dataset.root).table["height"].dtype == np.int32


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("grasp_id", "e00000g00", "not repeated"),
        ("grasp_id", "../../etc/passwd", "letters, digits"),
        ("height", 0, "at least 1 pixel"),
        ("outcome", "triumph", "one of success"),
        ("before", "/etc/passwd", "relative path inside"),
        ("after", "images/../../secret.png", "relative path inside"),
        ("suction_rle", None, "not null"),
    ],
)
def test_a_faulty_value_is_named_by_file_column_and_row(dataset, column, value, expected):
    def spoil(rows):
        rows[2][column] = value

    with pytest.raises(InputError, match=rf"grasps\.parquet: column {column}: row \d: .*{expected}"):
        rewrite(dataset, spoil)


def test_faulty_tables_are_refused(dataset, tmp_path):
    table = parquet.read_table(dataset.path)
    cases = {
        "unknown column colour": table.append_column("colour", [["red"] * 6]),
        "column after is missing": table.drop_columns(["after"]),
        "no rows": table.slice(0, 0),
        "column height: expected int32": table.set_column(table.column_names.index("height"), "height", [["tall"] * 6]),
    }
    for message, faulty in cases.items():
        parquet.write_table(faulty, dataset.path)
        with pytest.raises(InputError, match=rf"grasps\.parquet: .*{message}"):
            GraspDataset(dataset.root)
    dataset.path.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="expected a Parquet file"):
        GraspDataset(dataset.root)
    with pytest.raises(InputError, match=r"nowhere.*no such file"):
        GraspDataset(tmp_path / "nowhere")


def test_a_missing_image_is_found_when_the_data_set_is_opened(dataset):
    (dataset.root / "images/e00001g00_after.png").unlink()
    with pytest.raises(InputError, match=r"column after: expected the file .*e00001g00_after\.png"):
        GraspDataset(dataset.root)


def test_an_image_of_another_size_is_named(dataset):
    write_png(dataset.root / "images/e00000g01_after.png", np.zeros((16, 24, 3), np.uint8))
    with pytest.raises(InputError, match=r"e00000g01_after\.png: field after: expected 32x48 .* found 16x24"):
        dataset[1]


def test_a_faulty_mask_is_named_by_grasp_and_column(dataset):
    def spoil(rows):
        rows[1]["amodal_rle"] = rows[1]["amodal_rle"][:-2]

    with pytest.raises(InputError, match=r"grasps\.parquet: grasp e00000g01: column amodal_rle"):
        rewrite(dataset, spoil)[1]


def test_the_table_is_an_ordinary_parquet_file(dataset):
    table = pd.read_parquet(dataset.path)
    assert list(table.columns) == schema.ARROW_SCHEMA.names
    assert len(table) == 6


def test_stacking_nothing_is_refused():
    with pytest.raises(InputError, match="at least one"):
        stack_samples([])


def sample(number=0, height=4, **changes):
    size = (height, 6)
    fields = {
        "before": np.zeros((*size, 3), np.uint8),
        "after": np.ones((*size, 3), np.uint8),
        "suction": np.zeros(size, bool),
        "visible": np.zeros(size, bool),
        "amodal": np.ones(size, bool),
    }
    return GraspSample(f"g{number}", **fields | changes)


def test_samples_are_stacked_in_order():
    arrays = stack_samples([sample(number, suction=np.full((4, 6), number % 2 == 1)) for number in range(3)])
    assert len(arrays) == 3 and arrays.grasp_ids == ("g0", "g1", "g2")
    assert arrays.before.shape == (3, 4, 6, 3)
    assert arrays.suction.any((1, 2)).tolist() == [False, True, False]
    assert arrays.amodal.all() and not arrays.visible.any()
    assert list(arrays.pixels()) == ["before", "after", "suction", "visible", "amodal"]
    check_labels(arrays, "labelled")


def test_a_stack_has_only_the_labels_that_every_sample_has():
    arrays = stack_samples([sample(0), sample(1, visible=None)])
    assert arrays.visible is None and arrays.amodal.all()
    assert list(arrays.pixels()) == ["before", "after", "suction", "amodal"]
    with pytest.raises(InputError, match=r"^held_out: expected labelled grasps, at least one has no visible mask"):
        check_labels(arrays, "held_out")
    with pytest.raises(InputError, match="no visible and no amodal mask"):
        check_labels(dataclasses.replace(arrays, amodal=None), "labelled")


def test_samples_of_several_sizes_are_refused():
    with pytest.raises(InputError, match=r"grasp g1: expected 4x6 .* as in grasp g0, found 5x6"):
        stack_samples([sample(0), sample(1, height=5)])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("after", np.zeros((2, 4, 7, 3), np.uint8)),
        ("before", np.zeros((2, 4, 6, 3), np.float32)),
        ("suction", np.zeros((2, 4, 6), np.uint8)),
        ("visible", np.zeros((1, 4, 6), bool)),
    ],
)
def test_wrong_shapes_and_types_name_the_field(field, value):
    arrays = stack_samples([sample(0), sample(1)])
    with pytest.raises(InputError, match=rf"^{field}: expected"):
        dataclasses.replace(arrays, **{field: value})
