"""A robot that looks through an upset camera."""

import dataclasses
import pickle

import numpy as np
import pytest

from graspbook.instances.types import of_one_class
from graspbook.selfsup.picking.upset_robot import CorruptedSegmenter
from graspbook.world.bin.corruptions import Corruptions, upset_photograph
from graspbook.world.bin.segmenter import NoisySegmenter, TrueSegmenter

CALM = Corruptions(**dict.fromkeys((field.name for field in dataclasses.fields(Corruptions)), 0.0))
HARSH = dataclasses.replace(
    CALM, exposure_rate=1.0, exposure_jump=0.5, shadow_rate=1.0, shadow_depth=0.8, glare_rate=1.0, glares=5.0
)


@dataclasses.dataclass
class Bright:
    """Stands in for a model: one mask, of the pixels that are bright, as sure as the picture is on average."""

    key: str = "bright"

    def __call__(self, image, ids, rng):
        self.seen = image
        return of_one_class((image.mean(-1) > 100)[None], np.array([image.mean() / 255]))


@pytest.fixture
def look():
    rng = np.random.default_rng(0)
    ids = np.zeros((24, 36), np.uint8)
    ids[5:15, 8:20] = 3
    return rng.integers(0, 256, (24, 36, 3), dtype=np.uint8), ids


def test_the_model_is_shown_the_upset_photograph(look):
    image, ids = look
    eye = Bright()
    found = CorruptedSegmenter(eye, HARSH)(image, ids, np.random.default_rng(5))
    expected = upset_photograph(image, ids > 0, np.random.default_rng(5), HARSH)
    assert np.array_equal(eye.seen, expected) and not np.array_equal(expected, image)
    assert np.array_equal(found.masks, Bright()(expected, ids, None).masks)


def test_in_calm_light_it_sees_what_the_other_one_sees(look):
    image, ids = look
    eye = Bright()
    CorruptedSegmenter(eye, CALM)(image, ids, np.random.default_rng(5))
    assert np.array_equal(eye.seen, image)
    through = CorruptedSegmenter(TrueSegmenter(), CALM)(image, ids, np.random.default_rng(0))
    assert np.array_equal(through.masks, [ids == 3])


def test_equal_pictures_are_upset_equally_and_seeds_differ(look):
    image, ids = look
    seen = []
    for seed in (1, 1, 2):
        eye = Bright()
        CorruptedSegmenter(eye, HARSH)(image, ids, np.random.default_rng(seed))
        seen.append(eye.seen)
    assert np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[0], seen[2])


def test_the_name_tells_upsets_and_eyes_apart_and_travels():
    eyes = [CorruptedSegmenter(TrueSegmenter(), CALM), CorruptedSegmenter(TrueSegmenter(), HARSH)]
    eyes.append(CorruptedSegmenter(NoisySegmenter(), CALM))
    assert len({eye.key for eye in eyes}) == 3
    assert pickle.loads(pickle.dumps(eyes[0])).key == eyes[0].key
