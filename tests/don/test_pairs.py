import dataclasses
import itertools

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.don.config import AUGMENTATIONS, Row, enable
from graspbook.don.pairs import PairSource
from tests.conftest import standard
from tests.don.flat import HEIGHT, WIDTH, flat_scene
from tests.don.test_queries import point_of

DON = standard("don")
TRAIN = dataclasses.replace(DON.train, least_matches=10)


def source(scenes, **options):
    row = Row(**({"title": "row", "loss": "nt-xent", "data": "multi", "seeds": 1, "matches": 25} | options))
    return PairSource(scenes, row, TRAIN, DON.augment)


@pytest.fixture
def scenes():
    return [flat_scene(seed) for seed in range(3)]


def test_matches_show_the_same_point(scenes):
    for seed in range(4):
        pair = source(scenes, objects_only=True).draw(np.random.default_rng(seed))
        scene = scenes[pair.scene]
        views = [
            next(v for v in range(4) if scene.images[v] is image or (scene.images[v] == image).all())
            for image in pair.images
        ]
        for a, b in zip(pair.a, pair.b, strict=True):
            (number, here), (other, there) = (point_of(scene, v, uv) for v, uv in zip(views, (a, b), strict=True))
            assert number == other > 0 and np.abs(here - there).max() < 1e-4


def test_matches_follow_the_augmentation_to_half_a_pixel(scenes):
    """Colours of these scenes name points: where the geometry alone is changed, they stay with the match."""
    followed = []
    for seed in range(12):
        pair = source(scenes, objects_only=True, augmentations=("crop", "distort", "flip", "rotate")).draw(
            np.random.default_rng(seed)
        )
        for (u, v), (p, q) in zip(np.rint(pair.a).astype(int), np.rint(pair.b).astype(int), strict=True):
            gap = pair.images[0][v, u].astype(float) - pair.images[1][q, p]
            followed.append(np.abs(gap[:2]).max())
    assert np.median(followed) < 12  # half a pixel each is about 5 % of a side


def test_pairs_of_a_batch_can_be_of_different_scenes(scenes):
    for seed in range(5):
        batch = source(scenes, batch=3, different_scenes=True).batch(np.random.default_rng(seed))
        assert len({pair.scene for pair in batch}) == 3


def test_masks_are_used_for_scenes_of_single_objects_alone():
    single = [flat_scene(seed, objects=(1 + seed % 2,)) for seed in range(4)]
    from_masks = source(single, loss="pixelwise", data="single", cross_object=True)
    pair = from_masks.draw(np.random.default_rng(0))
    assert pair.inside is not None and len(pair.inside) + len(pair.outside) == single[0].ids[0].size
    for seed in range(10):
        image, pixels = from_masks.sample_cross_object(pair, np.random.default_rng(seed))
        other = next(s for s in single if any((s.images[v] == image).all() for v in range(4)))
        assert not set(other.objects) & set(single[pair.scene].objects) and len(pixels)
    bare = [dataclasses.replace(scene, ids=np.zeros_like(scene.ids)) for scene in single]
    assert source(bare, loss="pixelwise").draw(np.random.default_rng(0)).inside is None
    with pytest.raises(InputError, match="field mask_visib"):
        source(bare, loss="pixelwise", data="single")


def test_the_table_as_negatives_shows_no_object(scenes):
    pair = source(scenes, background=30).draw(np.random.default_rng(0))
    scene = scenes[pair.scene]
    for image, uv in zip(pair.images, pair.table, strict=True):
        view = next(v for v in range(4) if (scene.images[v] == image).all())
        assert len(uv) == 30 and (scene.ids[view][uv[:, 1].astype(int), uv[:, 0].astype(int)] == 0).all()


def test_negatives_on_the_table_follow_the_augmentation(scenes):
    for seed in range(10):
        pair = source(scenes, background=30, augmentations=("flip",)).draw(np.random.default_rng(seed))
        scene = scenes[pair.scene]
        flips = itertools.product(range(4), (1, -1), (1, -1))
        view, up, left = next(f for f in flips if (scene.images[f[0]][:: f[1], :: f[2]] == pair.images[0]).all())
        u, v = np.rint(pair.table[0].T).astype(int)
        assert (scene.ids[view][::up, ::left][v, u] == 0).all()


def test_matches_lie_in_both_pictures_where_both_are_cropped(scenes):
    cropped = source(scenes, augmentations=("crop",), both=True)
    for seed in range(8):
        pair = cropped.draw(np.random.default_rng(seed))
        for uv in (pair.a, pair.b):
            assert (uv >= 0).all() and (uv <= (WIDTH - 1, HEIGHT - 1)).all()


def test_views_that_share_nothing_are_named(scenes):
    apart = dataclasses.replace(scenes[0], depth=scenes[0].depth * np.array([1, 2, 3, 4], np.float32)[:, None, None])
    with pytest.raises(InputError, match="flat/0: fields depth, cam_R_w2c"):
        PairSource([apart], source(scenes).row, dataclasses.replace(TRAIN, least_matches=4000), DON.augment).draw(
            np.random.default_rng(0)
        )


def test_augmentations_are_switched_off_by_name():
    assert enable(DON.augment, AUGMENTATIONS) == DON.augment
    nothing = enable(DON.augment, ())
    assert nothing.crop == nothing.grey == nothing.rotation == nothing.hue == 0
    assert enable(DON.augment, ("flip",)).flip == DON.augment.flip


def test_non_matches_on_and_off_the_object_are_those_of_the_second_view():
    single = [flat_scene(seed, objects=(1,)) for seed in range(2)]
    drawn = source(single, loss="pixelwise", data="single")
    for seed in range(4):
        pair = drawn.draw(np.random.default_rng(seed))
        scene = single[pair.scene]
        [view] = [k for k in range(4) if np.array_equal(scene.images[k], pair.images[1])]
        on_object = scene.ids[view].ravel() > 0
        np.testing.assert_array_equal(pair.inside, np.flatnonzero(on_object))
        np.testing.assert_array_equal(pair.outside, np.flatnonzero(~on_object))


def test_where_an_augmentation_leaves_too_few_matches_some_count_twice(scenes):
    narrow = dataclasses.replace(DON.augment, crop=0.95, probability=1.0)
    wanted = dataclasses.replace(source(scenes).row, augmentations=("crop",), matches=400)
    drawn = PairSource(scenes, wanted, dataclasses.replace(TRAIN, least_matches=1), narrow)
    pairs = [drawn.draw(np.random.default_rng(seed)) for seed in range(12)]
    assert {len(pair.a) for pair in pairs} == {len(pair.b) for pair in pairs} == {400}
    assert min(len(np.unique(pair.a, axis=0)) for pair in pairs) < 100


def test_pixels_of_another_object_are_on_it():
    single = [flat_scene(seed, objects=(1 + seed % 2,)) for seed in range(2)]
    drawn = source(single, loss="pixelwise", data="single", cross_object=True)
    rng = np.random.default_rng(0)
    pair = drawn.draw(rng)
    image, pixels = drawn.sample_cross_object(pair, rng)
    other = single[1 - pair.scene]
    [view] = [k for k in range(4) if np.array_equal(other.images[k], image)]
    np.testing.assert_array_equal(pixels, np.flatnonzero(other.ids[view]))
