import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.mlgsl.grasp_data.dataset import GraspImages, load_images
from graspbook.mlgsl.grasp_data.jacquard import write_image


def write(folder, name, grasps, size=16):
    depth = np.full((size, size), 0.6, np.float32)
    depth[4:9, 5:11] = 0.55
    stereo = depth.copy()
    stereo[0, 0] = 0
    rgb = np.zeros((size, size, 3), np.uint8)
    stem = folder / name.split("_", 1)[1] / name
    write_image(stem, grasps=np.array(grasps, float), perfect=depth, stereo=stereo, mask=depth < 0.58, rgb=rgb)


def test_any_folder_in_jacquards_layout_is_read(tmp_path):
    write(tmp_path, "0_a", [[7, 6, 0.2, 8, 3]])
    write(tmp_path, "1_a", [[7, 6, 0.2, 8, 3], [8, 5, 0.3, 6, 3]])
    images = load_images(tmp_path)
    assert images.names == ("a/0_a", "a/1_a")
    assert images.objects == ("a", "a")
    assert [len(rows) for rows in images.labels] == [1, 2]
    assert images.depth[0, 0, 0] == pytest.approx(0.6, abs=1e-3)  # inpainted
    assert images.masks[0].sum() == 30


def test_images_are_scaled_and_labels_with_them(tmp_path):
    write(tmp_path, "0_a", [[7.5, 3.5, 0.2, 8, 3]])
    images = load_images(tmp_path, size=8)
    assert images.depth.shape == (1, 8, 8)
    np.testing.assert_array_equal(images.masks[0], load_images(tmp_path).masks[0][::2, ::2])
    np.testing.assert_allclose(images.labels[0], [[3.5, 1.5, 0.2, 4]], atol=1e-3)


def test_a_grasp_outside_its_image_is_named(tmp_path):
    write(tmp_path, "0_a", [[7, 6, 0.2, 8, 3], [40, 6, 0.2, 8, 3]])
    with pytest.raises(InputError, match=r"0_a_grasps.txt: grasp 2 lies at \(40.0, 6.0\), outside the image of 16x16"):
        load_images(tmp_path)


def test_images_of_several_sizes_need_one_to_be_chosen(tmp_path):
    write(tmp_path, "0_a", [[7, 6, 0.2, 8, 3]])
    write(tmp_path, "0_b", [[7, 6, 0.2, 8, 3]], size=24)
    with pytest.raises(InputError, match="several sizes"):
        load_images(tmp_path)
    assert load_images(tmp_path, size=12).size == 12


def numbered(count=5, labels=8):
    """Images whose labels say where they stand."""
    rows = [np.column_stack([np.arange(labels), np.full(labels, k), *np.ones((2, labels))]) for k in range(count)]
    depth = np.full((count, 4, 4), 0.5, np.float32)
    names = tuple(f"o{k}" for k in range(count))
    return GraspImages(depth, tuple(row.astype(np.float32) for row in rows), depth > 0, names, names)


def test_which_labels_are_kept_is_drawn_for_each_image_among_all_of_its_own():
    kept = [rows[:, 0].astype(int).tolist() for rows in numbered().with_labels(3, 1).labels]
    assert len({tuple(places) for places in kept}) > 3 and max(map(max, kept)) > 4
    assert kept != [rows[:, 0].astype(int).tolist() for rows in numbered().with_labels(3, 2).labels]


def test_a_subset_keeps_the_labels_of_its_images():
    some = numbered().subset([4, 2])
    assert [int(rows[0, 1]) for rows in some.labels] == [4, 2] and some.names == ("o4", "o2")
