import numpy as np
import pandas as pd
import pytest

from graspbook.core.errors import InputError
from graspbook.latent.found_file import FoundFile, read_found, to_table, write_found
from tests.latent.conftest import SIZE, random_segmentation


def test_what_is_written_comes_back(rng, tmp_path):
    found = [[random_segmentation(rng, count, classes=3) for count in counts] for counts in ((3, 0), (0, 0), (1, 5))]
    write_found(tmp_path / "found.parquet", found)
    again = read_found(tmp_path / "found.parquet", 3, 2, SIZE)
    assert len(again) == 3 and len(list(again)) == 3
    for samples, own in zip(found, again, strict=True):
        for one, other in zip(samples, own, strict=True):
            np.testing.assert_array_equal(one.masks, other.masks)
            np.testing.assert_array_equal(one.classes, other.classes)
            np.testing.assert_array_equal(one.scores, other.scores)


def test_a_file_of_other_images_is_refused(rng, tmp_path):
    table = to_table([[random_segmentation(rng, 2)], [random_segmentation(rng, 2)]])
    with pytest.raises(InputError, match="more than 1 images with 1 samples"):
        FoundFile(table, 1, 1, SIZE)
    with pytest.raises(InputError, match="no such file; the stage `train` writes it"):
        read_found(tmp_path / "none.parquet", 1, 1, SIZE)


def test_where_nothing_is_found_there_is_an_empty_segmentation():
    assert len(FoundFile(pd.DataFrame(columns=["image", "sample"]), 1, 1, SIZE)[0][0]) == 0
