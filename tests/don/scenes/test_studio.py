from pathlib import Path

import numpy as np
import pytest

from graspbook.don.scenes.objects import KNOWN
from graspbook.don.scenes.studio import Studio, draw_backdrop, draw_bent_item
from graspbook.world.assets.catalogue import Catalogue
from tests.conftest import standard

SCENES = standard("don").scenes
BOX = 8
SOFT = 1 + [known.soft for known in KNOWN].index(True)


@pytest.fixture(scope="module")
def studio():
    return Studio(Catalogue.load(Path(__file__).parents[3] / "data"))


def test_the_table_and_the_light_are_the_same_in_every_turn(studio):
    first, again = (draw_backdrop(studio, SCENES, np.random.default_rng(3)) for _ in range(2))
    assert first.light.direct == again.light.direct and first.light.ambient == again.light.ambient
    other = draw_backdrop(studio, SCENES, np.random.default_rng(4))
    assert other.light.direct != first.light.direct


def test_only_soft_objects_are_bent(studio):
    rng = np.random.default_rng(5)
    item, bend = draw_bent_item(studio, SCENES, BOX, rng)
    assert item.shape.name == studio.known(BOX).shape.name and bend.curve == 0 and bend.squeeze == (1, 1, 1)
    item, bend = draw_bent_item(studio, SCENES, SOFT, rng)
    rest = studio.known(SOFT).shape
    assert bend.squeeze != (1, 1, 1) and item.shape.name != rest.name
    np.testing.assert_allclose(item.shape.vertices, bend.apply(rest.vertices), atol=1e-6)
