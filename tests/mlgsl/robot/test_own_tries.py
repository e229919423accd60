import numpy as np
import pytest

from graspbook.mlgsl.grasp_data.collect import collect_images
from graspbook.mlgsl.grasp_data.dataset import load_images, load_sceneries
from graspbook.mlgsl.robot.grasping import grasp_in
from graspbook.mlgsl.robot.own_tries import try_and_keep
from graspbook.mlgsl.robot.planners import edge_pairs
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.execute import GraspOutcome
from tests.mlgsl.worlds import STANDARD, WORLD, small_data

pytestmark = pytest.mark.slow

WIDEST, TRIES, SEED = 30.0, 6, 3


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tries")
    made = collect_images(folder / "test", "test", 4, WORLD, small_data(), workers=1, scratch_dir=folder / "scratch")
    return load_images(made), load_sceneries(made, Catalogue.load("data"))


def naive(images, sceneries):
    """The first try that holds in each image, all tries of which are carried out, each for itself."""
    found = []
    for place, scenery in enumerate(sceneries):
        rows = edge_pairs(images.depth[place], TRIES, WIDEST, np.random.default_rng([SEED, place]))
        ends = [grasp_in(scenery, images.depth[place], row[None], STANDARD.world.gripper)[0] for row in rows]
        held = [k for k, end in enumerate(ends) if end is GraspOutcome.SUCCESS]
        found.append((held[0] + 1, rows[held[0]]) if held else (0, None))
    return found


def test_the_first_try_that_holds_becomes_the_images_only_label(scenes):
    images, sceneries = scenes
    kept, needed = try_and_keep(images, sceneries, STANDARD.world.gripper, WIDEST, TRIES, SEED)
    expected = naive(images, sceneries)
    assert needed.tolist() == [tries for tries, _ in expected]
    assert 0 < len(kept) == (needed > 0).sum()
    for labels, row in zip(kept.labels, [row for tries, row in expected if tries], strict=True):
        np.testing.assert_allclose(labels, row[None], rtol=1e-6)
    assert kept.names == tuple(name for name, tries in zip(images.names, needed, strict=True) if tries)


def test_an_image_without_edges_is_left_out(scenes):
    images, sceneries = scenes
    flat = np.full_like(images.depth, 0.6)
    kept, needed = try_and_keep(
        type(images)(flat, images.labels, images.masks, images.objects, images.names),
        sceneries,
        STANDARD.world.gripper,
        WIDEST,
        TRIES,
        SEED,
    )
    assert len(kept) == 0
    assert not needed.any()
