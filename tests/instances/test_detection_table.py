import json

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from graspbook.core.errors import InputError
from graspbook.instances.detection_table import read_detections, tabulate, write_detections
from graspbook.instances.types import of_one_class

SIZE = (9, 14)


def found(seed, count, size=SIZE):
    rng = np.random.default_rng(seed)
    masks = rng.random((count, *size)) < 0.3
    masks[:, 0, 0] = True
    return of_one_class(masks, np.sort(rng.uniform(0.1, 1, count).astype(np.float32))[::-1])


def table(counts=(3, 0, 1)):
    return tabulate([f"image {k}" for k in range(len(counts))], (found(k, n) for k, n in enumerate(counts)))


def test_what_is_written_is_read_back(tmp_path):
    written = table()
    size = write_detections(tmp_path / "new/row.parquet", written)
    read = read_detections(tmp_path / "new/row.parquet")
    assert (read.names, read.size) == (("image 0", "image 1", "image 2"), SIZE)
    pd.testing.assert_frame_equal(read.rows, written.rows, check_dtype=False)
    assert read.rows["score"].dtype == np.float32
    for number, count in enumerate((3, 0, 1)):
        expected, back = found(number, count), read.of_image(number)
        np.testing.assert_array_equal(back.masks, expected.masks)
        np.testing.assert_array_equal(back.scores, expected.scores)
    assert read.rows["area"].tolist() == [int(mask.sum()) for k, n in ((0, 3), (2, 1)) for mask in found(k, n).masks]
    assert size == (tmp_path / "new/row.parquet").stat().st_size
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["row.parquet"]


def test_the_same_detections_make_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_detections(tmp_path / name, table())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_images_in_which_nothing_was_found_are_kept_in_mind(tmp_path):
    write_detections(tmp_path / "none", table((0, 0)))
    read = read_detections(tmp_path / "none")
    assert len(read.rows) == 0 and len(read.names) == 2
    assert read.of_image(1).masks.shape == (0, *SIZE)


def test_the_surest_are_kept_in_order_and_the_unsure_dropped():
    scores = np.array([0.9, 0.9, 0.5, 0.2, 0.01], np.float32)
    masks = np.zeros((5, *SIZE), bool)
    for number in range(5):
        masks[number, number, : number + 1] = True
    rows = tabulate(["one"], [of_one_class(masks, scores)], max_per_image=3, min_score=0.03).rows
    assert rows["score"].tolist() == pytest.approx([0.9, 0.9, 0.5])
    assert rows["area"].tolist() == [1, 2, 3]
    rows = tabulate(["one"], [of_one_class(masks, scores)]).rows
    assert rows["area"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("names", "detections", "complaint"),
    [
        ([], [], "0 images, expected one entry per name"),
        (["a", "b"], [found(0, 1)], "1 images, expected one entry per name, 2"),
        (["a"], [found(0, 1), found(1, 1)], "more than the 1 images"),
        (["a", "b"], [found(0, 1), found(0, 1, (9, 9))], "image b: masks of"),
        (["a"], [of_one_class(np.zeros((1, *SIZE), bool), np.array([0.5]))], "image a: a mask has no pixel"),
        (["a"], [of_one_class(np.ones((1, *SIZE), bool), np.array([1.5]))], "image a: expected scores from 0 to 1"),
        (["a"], [of_one_class(np.ones((1, *SIZE), bool), np.array([np.nan]))], "expected scores from 0 to 1"),
    ],
)
def test_faulty_detections_are_refused(names, detections, complaint):
    with pytest.raises(InputError, match=complaint):
        tabulate(names, detections)


def test_other_files_are_refused_by_name(tmp_path):
    path = tmp_path / "row.parquet"
    with pytest.raises(InputError, match=r"row.parquet: no such file"):
        read_detections(path)
    path.write_text("no Parquet")
    with pytest.raises(InputError, match="expected a Parquet file"):
        read_detections(path)
    pd.DataFrame({"image": [1]}).to_parquet(path)
    with pytest.raises(InputError, match="metadata: expected the images' names"):
        read_detections(path)
    about = {b"graspbook": json.dumps({"names": ["a"], "height": 3, "width": 4}).encode()}
    parquet.write_table(arrow.table({"image": [1]}).replace_schema_metadata(about), path)
    with pytest.raises(InputError, match="expected the columns image: int32"):
        read_detections(path)
    faulty = table()
    faulty.rows.loc[0, "image"] = 7
    write_detections(path, faulty)
    with pytest.raises(InputError, match="column image: expected 0 to 2"):
        read_detections(path)
