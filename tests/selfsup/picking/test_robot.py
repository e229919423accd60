import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from graspbook.data.coco import resize_image
from graspbook.errors import InputError
from graspbook.instances.detections import Detections
from graspbook.instances.model import predict_instances
from graspbook.instances.registry import build_instance_model, load_instance_model, save_instance_model
from graspbook.selfsup.picking import robot
from graspbook.selfsup.picking.robot import ModelSegmenter, OneAtRandom
from graspbook.world.picking import TrueSegmenter
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
IDS = np.zeros(SIZE, np.uint8)


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
            return [Detections(np.array(scores, np.float32), np.asarray(masks, bool).reshape(-1, *images.shape[1:3]))]

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
    beliefs = ModelSegmenter(weights, SIZE[0], 0.0)(IMAGE, IDS)
    expected = predict_instances(load_instance_model(weights), IMAGE[None])[0]
    assert len(expected.masks) > 0
    np.testing.assert_array_equal(beliefs.masks, expected.masks)
    np.testing.assert_array_equal(beliefs.scores, expected.scores)


def test_masks_below_the_threshold_are_not_believed(weights, found):
    masks = np.zeros((3, *SIZE), bool)
    masks[0, :9], masks[1, 9:20], masks[2, 20:] = True, True, True
    found([0.9, 0.5, 0.4], masks)
    beliefs = ModelSegmenter(weights, SIZE[0], 0.5)(IMAGE, IDS)
    np.testing.assert_array_equal(beliefs.masks, masks[:2])
    assert beliefs.scores.tolist() == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize("height", [24, 36, 48, 96])
def test_the_model_sees_its_own_height_and_masks_come_back_at_the_images(weights, found, height):
    width = height * 3 // 2
    masks = np.zeros((1, height, width), bool)
    masks[0, height // 4 : height // 2, width // 3 :] = True
    shown = found([0.8], masks)
    beliefs = ModelSegmenter(weights, height, 0.5)(IMAGE, IDS)
    np.testing.assert_array_equal(shown[0][0], resize_image(IMAGE, (height, width)))
    expected = np.zeros((1, *SIZE), bool)
    expected[0, SIZE[0] // 4 : SIZE[0] // 2, SIZE[1] // 3 :] = True
    np.testing.assert_array_equal(beliefs.masks, expected)


def test_a_pixel_belongs_to_a_mask_that_covers_more_than_half_of_it(weights, found):
    fine = np.zeros((1, 96, 144), bool)
    fine[0, 10, 10] = fine[0, 10, 11] = fine[0, 11, 10] = True  # three quarters of pixel 5, 5
    fine[0, 20, 20] = fine[0, 20, 21] = True  # half of pixel 10, 10
    found([0.8], fine)
    beliefs = ModelSegmenter(weights, 96, 0.5)(IMAGE, IDS)
    assert np.argwhere(beliefs.masks[0]).tolist() == [[5, 5]]


def test_masks_that_vanish_and_empty_predictions_leave_none(weights, found):
    fine = np.zeros((1, 96, 144), bool)
    fine[0, 20, 20] = True
    found([0.8], fine)
    assert ModelSegmenter(weights, 96, 0.5)(IMAGE, IDS).masks.shape == (0, *SIZE)
    found([], [])
    beliefs = ModelSegmenter(weights, 24, 0.5)(IMAGE, IDS)
    assert beliefs.masks.shape == (0, *SIZE) and beliefs.scores.shape == (0,)


def test_it_travels_without_the_model_which_is_loaded_once(weights, monkeypatch):
    segmenter = ModelSegmenter(weights, 48, 0.0)
    loaded = []
    monkeypatch.setattr(robot, "load_instance_model", lambda path: loaded.append(path) or load_instance_model(path))
    robot._load.cache_clear()
    first = segmenter(IMAGE, IDS)
    travelled = pickle.dumps(segmenter)
    assert len(travelled) < 1000
    second = pickle.loads(travelled)(IMAGE, IDS)
    np.testing.assert_array_equal(first.masks, second.masks)
    assert loaded == [weights]


def test_a_file_that_was_replaced_is_loaded_again(weights, tmp_path):
    path = tmp_path / "model.safetensors"
    shutil.copy(weights, path)
    segmenter = ModelSegmenter(path, 48, 0.0)
    key, before = segmenter.key, segmenter(IMAGE, IDS)
    save_instance_model(build_instance_model("mask2former", TINY, None, 1), "mask2former", path)
    assert segmenter.key != key
    assert segmenter(IMAGE, IDS).scores.tolist() != before.scores.tolist()


def test_the_number_of_threads_is_left_as_it_was(weights):
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        ModelSegmenter(weights, 48, 0.5)(IMAGE, IDS)
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


def test_one_mask_at_random_is_the_others_and_each_is_drawn_as_often():
    rng = np.random.default_rng(3)
    ids = np.repeat(np.arange(4, dtype=np.uint8), 12).reshape(6, 8).repeat(8, 0).repeat(9, 1)
    assert ids.shape == SIZE
    drawn = []
    for _ in range(300):
        image = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        beliefs = OneAtRandom(TrueSegmenter())(image, ids)
        again = OneAtRandom(TrueSegmenter())(image, ids)
        np.testing.assert_array_equal(beliefs.masks, again.masks)
        assert beliefs.masks.shape == (1, *SIZE)
        (value,) = np.unique(ids[beliefs.masks[0]])
        np.testing.assert_array_equal(beliefs.masks[0], ids == value)
        drawn.append(value)
    assert (np.bincount(drawn, minlength=4)[1:] > 70).all()


def test_one_of_no_mask_is_none():
    assert len(OneAtRandom(TrueSegmenter())(IMAGE, IDS).masks) == 0
    assert OneAtRandom(TrueSegmenter()).key == "one of true"
