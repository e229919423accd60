import dataclasses
import hashlib

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.mlgsl.grasp_data.collect import ImageEpisodes, collect_images
from graspbook.mlgsl.grasp_data.dataset import load_images, load_sceneries, load_tried
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.table.items import table_shapes
from tests.mlgsl.worlds import WORLD, small_data

pytestmark = pytest.mark.slow


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".npz"
    }


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grasps")
    return collect_images(folder / "test", "test", 5, WORLD, small_data(), workers=1, scratch_dir=folder / "scratch")


def test_the_number_of_workers_changes_nothing(collected, tmp_path):
    again = collect_images(tmp_path / "test", "test", 5, WORLD, small_data(), workers=2, scratch_dir=tmp_path)
    assert contents(again) == contents(collected)
    np.testing.assert_array_equal(load_tried(again).to_numpy(), load_tried(collected).to_numpy())


def test_finished_episodes_are_not_run_again(tmp_path, monkeypatch):
    episodes = ImageEpisodes("test", WORLD, small_data(), "data")
    path = episodes.store(0, tmp_path)
    monkeypatch.setattr("graspbook.mlgsl.grasp_data.collect.simulate_episode", lambda *_: pytest.fail("run again"))
    assert episodes.store(0, tmp_path) == path


def test_images_labels_and_sceneries_are_read_in_the_order_in_which_they_were_made(collected):
    images, tried = load_images(collected), load_tried(collected)
    sceneries = load_sceneries(collected, Catalogue.load("data"))
    assert len(images) == len(sceneries) == 5
    assert images.depth.dtype == np.float32
    assert (images.depth > 0).all()
    assert [scenery.item.shape.name for scenery in sceneries] == list(images.objects)
    for place, labels in enumerate(images.labels):
        own = tried.loc[(tried["image"] == place) & (tried["end"] == 0), ["u", "v", "phi", "w"]].to_numpy()
        np.testing.assert_allclose(own[: len(labels)], labels, atol=2e-3)


def test_objects_of_a_split_are_its_own(collected):
    names = {shape.name for shape in table_shapes(Catalogue.load("data"), "test")}
    assert set(load_images(collected).objects) <= names


def test_the_scratch_key_changes_with_all_that_decides_an_image_and_not_with_how_many_are_wanted(tmp_path):
    episodes = ImageEpisodes("test", WORLD, small_data(), "data")
    (tmp_path / "catalogue").mkdir()
    variants = [
        {"split": "train"},
        {"world": dataclasses.replace(WORLD, gripper=dataclasses.replace(WORLD.gripper, max_opening=0.05))},
        {"config": small_data(seed=9)},
        {"config": small_data(others=7)},
        {"data_dir": str(tmp_path)},
    ]
    assert len({episodes.key(), *(dataclasses.replace(episodes, **change).key() for change in variants)}) == 6
    assert dataclasses.replace(episodes, config=small_data(n_test=7)).key() == episodes.key()


def test_a_folder_from_elsewhere_has_no_failures_to_learn_from(tmp_path):
    with pytest.raises(InputError, match=r"tried\.npz: no such file"):
        load_tried(tmp_path)
    with pytest.raises(InputError, match=r"views\.json: no such file"):
        load_sceneries(tmp_path, None)


def test_measured_depth_is_stored_beside_the_perfect_one(collected):
    measured, perfect = (load_images(collected, depth=kind) for kind in ("stereo", "perfect"))
    assert (measured.depth != perfect.depth).mean() > 0.2
    assert np.median(np.abs(measured.depth - perfect.depth)) < 0.01
