import dataclasses
from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.don.config import NetworkConfig, Row
from graspbook.don.network import build_network
from graspbook.don.robot.arrange import Lab, arrange, draw_reference, in_plain_view, something_to_see
from graspbook.don.robot.table_5 import Outcome, grasp_all
from graspbook.don.scenes.studio import Studio
from graspbook.nn.model_file import Model
from graspbook.world.assets.catalogue import Catalogue
from tests.conftest import standard

pytestmark = pytest.mark.slow

WHOLE = standard("don")
CAMERA = dataclasses.replace(WHOLE.scenes.camera, height=60, width=80, focal=80.0, samples=1)
ROBOT = dataclasses.replace(WHOLE.robot, turns=2, scenes=1)
BOX = 8
"""The smallest of the boxes, which lies still at once."""


@pytest.fixture(scope="module")
def lab():
    studio = Studio(Catalogue.load(Path(__file__).parents[3] / "data"))
    return Lab(studio, dataclasses.replace(WHOLE.scenes, camera=CAMERA), ROBOT)


@pytest.fixture(scope="module")
def reference(lab):
    return draw_reference(lab, BOX)


def test_the_clicks_are_on_the_object_and_the_same_again(lab, reference):
    half = lab.studio.known(BOX).shape.extent / 2
    assert (np.abs(reference.points) < half + 0.01).all()
    assert something_to_see(reference.image, reference.pixels)
    assert not something_to_see(np.full_like(reference.image, 90), reference.pixels)
    np.testing.assert_array_equal(draw_reference(lab, BOX).pixels, reference.pixels)


def test_a_scene_counts_once_the_true_points_are_seen_in_every_turn(lab, reference):
    with arrange(lab, reference, "isolated", 0) as arranged:
        assert len(arranged.turns) == 2 and len(arranged.trials.cell.items) > 3
        assert all(in_plain_view(arranged.points, seen, BOX) for seen in arranged.turns)
        first, second = (seen.camera.project(arranged.points @ seen.turn.T)[0] for seen in arranged.turns)
        across = [np.arctan2(*(uv[1] - uv[0])[::-1]) for uv in (first, second)]
        # seen from above, what turns one way in the world turns the other way in the picture
        turned = np.degrees(across[0] - across[1]) % 360
        assert abs(turned - ROBOT.angle) < 12


def test_an_untrained_network_tries_every_turn(lab, reference):
    network = build_network(NetworkConfig("mobilenet_v2", "random", None), 4, 1).eval()
    networks = {("a", 1): Model(network, Row("a", "nt-xent", "multi", 1, matches=128, dimensions=4))}
    attempts = grasp_all(networks, [reference], lab, ["singulated"])
    assert attempts["turn"].tolist() == [0, 1]
    assert set(attempts["outcome"]) <= {outcome.value for outcome in Outcome}
    assert ((attempts["outcome"] != "success") | (attempts["error"] < 0.1)).all()


def test_an_object_too_wide_for_the_jaws_is_refused_by_name(lab):
    gripper = dataclasses.replace(ROBOT.gripper, max_opening=0.02)
    narrow = dataclasses.replace(lab, robot=dataclasses.replace(ROBOT, gripper=gripper, patience=2))
    with pytest.raises(InputError, match=r"robot\.patience: object 8"):
        draw_reference(narrow, BOX)
