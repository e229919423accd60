import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.data.coco import resize_image
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model
from graspbook.instances.types import of_one_class
from graspbook.selfsup.picking import robot
from graspbook.selfsup.picking.robot import ModelSegmenter
from tests.conftest import standard

TINY = replace(
    standard("selfsup").network.mask2former,
    queries=5,
    hidden=32,
    encoder_feedforward=16,
    decoder_layers=2,
    feedforward=16,
    points=32,
)
SIZE = (48, 72)
IMAGE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_instance_model(build_instance_model("mask2former", TINY, None, 0), "mask2former", path)
    return path


@pytest.fixture
def found(monkeypatch):
    """Puts detections in place of a model's, and records the images it is shown."""
    shown = []

    def use(scores, masks):
        def fake(model, images):
            shown.append(images)
            return [of_one_class(np.asarray(masks, bool).reshape(-1, *images.shape[1:3]), np.array(scores, np.float32))]

        monkeypatch.setattr(robot, "predict_instances", fake)
        return shown

    return use


@pytest.fixture
def one_thread():
    """Sums of several threads differ in their last bits from those of one, with which the robot looks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_it_believes_what_the_model_predicts(weights):
    seen = ModelSegmenter(weights, SIZE[0], 0.0).detect(IMAGE)
    expected = predict_instances(load_instance_model(weights), IMAGE[None])[0]
    assert len(expected.masks) > 0
    np.testing.assert_array_equal(seen.masks, expected.masks)
    np.testing.assert_array_equal(seen.scores, expected.scores)


def test_to_the_world_it_is_a_segmenter_that_needs_neither_truth_nor_chance(weights):
    see, rng = ModelSegmenter(weights, SIZE[0], 0.0), np.random.default_rng(0)
    truth = np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) % 7
    np.testing.assert_array_equal(see(IMAGE, truth, rng).masks, see.detect(IMAGE).masks)
    assert rng.random() == np.random.default_rng(0).random()


def test_masks_below_the_threshold_are_not_believed(weights, found):
    masks = np.zeros((3, *SIZE), bool)
    masks[0, :9], masks[1, 9:20], masks[2, 20:] = True, True, True
    found([0.9, 0.5, 0.4], masks)
    seen = ModelSegmenter(weights, SIZE[0], 0.5).detect(IMAGE)
    np.testing.assert_array_equal(seen.masks, masks[:2])
    assert seen.scores.tolist() == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize("height", [24, 36, 48, 96])
def test_the_model_sees_its_own_height_and_masks_come_back_at_the_images(weights, found, height):
    width = height * 3 // 2
    masks = np.zeros((1, height, width), bool)
    masks[0, height // 4 : height // 2, width // 3 :] = True
    shown = found([0.8], masks)
    seen = ModelSegmenter(weights, height, 0.5).detect(IMAGE)
    np.testing.assert_array_equal(shown[0][0], resize_image(IMAGE, (height, width)))
    expected = np.zeros((1, *SIZE), bool)
    expected[0, SIZE[0] // 4 : SIZE[0] // 2, SIZE[1] // 3 :] = True
    np.testing.assert_array_equal(seen.masks, expected)


def test_a_pixel_belongs_to_a_mask_that_covers_more_than_half_of_it(weights, found):
    fine = np.zeros((1, 96, 144), bool)
    fine[0, 10, 10] = fine[0, 10, 11] = fine[0, 11, 10] = True  # three quarters of pixel 5, 5
    fine[0, 20, 20] = fine[0, 20, 21] = True  # half of pixel 10, 10
    found([0.8], fine)
    seen = ModelSegmenter(weights, 96, 0.5).detect(IMAGE)
    assert np.argwhere(seen.masks[0]).tolist() == [[5, 5]]


def test_masks_that_vanish_and_empty_predictions_leave_none(weights, found):
    fine = np.zeros((1, 96, 144), bool)
    fine[0, 20, 20] = True
    found([0.8], fine)
    assert ModelSegmenter(weights, 96, 0.5).detect(IMAGE).masks.shape == (0, *SIZE)
    found([], [])
    seen = ModelSegmenter(weights, 24, 0.5).detect(IMAGE)
    assert seen.masks.shape == (0, *SIZE) and seen.scores.shape == (0,)


def test_it_travels_without_the_model_which_is_loaded_once(weights, monkeypatch):
    segmenter = ModelSegmenter(weights, 48, 0.0)
    loaded = []
    monkeypatch.setattr(robot, "load_instance_model", lambda path: loaded.append(path) or load_instance_model(path))
    robot._load.cache_clear()
    first = segmenter.detect(IMAGE)
    travelled = pickle.dumps(segmenter)
    assert len(travelled) < 1000
    second = pickle.loads(travelled).detect(IMAGE)
    np.testing.assert_array_equal(first.masks, second.masks)
    assert loaded == [weights]


@pytest.mark.slow
def test_a_file_that_was_replaced_is_loaded_again(weights, tmp_path):
    path = tmp_path / "model.safetensors"
    shutil.copy(weights, path)
    segmenter = ModelSegmenter(path, 48, 0.0)
    key, before = segmenter.key, segmenter.detect(IMAGE)
    save_instance_model(build_instance_model("mask2former", TINY, None, 1), "mask2former", path)
    assert segmenter.key != key
    assert segmenter.detect(IMAGE).scores.tolist() != before.scores.tolist()


def test_the_number_of_threads_is_left_as_it_was(weights):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        ModelSegmenter(weights, 48, 0.5).detect(IMAGE)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_key_names_weights_and_settings_but_not_where_they_lie(weights, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.copy(weights, tmp_path / "elsewhere/tiny.safetensors")
    key = ModelSegmenter(weights, 48, 0.5).key
    assert ModelSegmenter(moved, 48, 0.5).key == key and "tiny" in key
    assert len({key, ModelSegmenter(weights, 96, 0.5).key, ModelSegmenter(weights, 48, 0.4).key}) == 3


def test_bad_settings_are_named(weights):
    with pytest.raises(InputError, match=r"nowhere.safetensors: missing"):
        ModelSegmenter(weights.with_name("nowhere.safetensors"), 48, 0.5)
    with pytest.raises(InputError, match="height"):
        ModelSegmenter(weights, 0, 0.5)
    with pytest.raises(InputError, match="threshold"):
        ModelSegmenter(weights, 48, 1.5)
