import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from graspbook.don.robot.moment import Seen, robot_camera, see
from graspbook.don.scenes.studio import Studio, draw_backdrop
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.grasp import JawGrasp
from graspbook.world.table.cell import TableCell
from graspbook.world.table.wrist import wrist_cameras
from tests.conftest import standard

WHOLE = standard("don").scenes
SCENES = dataclasses.replace(
    WHOLE, camera=dataclasses.replace(WHOLE.camera, height=60, width=80, focal=80.0, samples=1)
)
BOX = 8


@pytest.fixture(scope="module")
def studio():
    return Studio(Catalogue.load(Path(__file__).parents[3] / "data"))


@pytest.fixture(scope="module")
def box_beside_the_middle(studio):
    with TableCell() as cell:
        rng = np.random.default_rng(0)
        cell.drop(BOX, studio.known(BOX), rng)
        cell.shift(BOX, np.array([0.05, 0.02, 0.0]) - [*cell.pose(BOX)[1][:2], 0.0])
        yield cell


def test_no_frame_of_the_path_looks_down_more_steeply():
    chosen = robot_camera(SCENES).world_from_camera[:3, 2]
    down = [camera.world_from_camera[:3, 2] @ [0, 0, -1] for camera in wrist_cameras(SCENES.camera)]
    assert chosen @ [0, 0, -1] == max(down) > 0.9


@pytest.mark.parametrize("degrees", [0.0, 90.0, 215.0])
def test_a_turned_scene_is_seen_where_its_points_are_turned_to(studio, box_beside_the_middle, degrees):
    cell = box_beside_the_middle
    backdrop = draw_backdrop(studio, SCENES, np.random.default_rng(1))
    seen = see(studio, cell, backdrop, SCENES, degrees, np.random.default_rng(2))
    angle = np.radians(degrees)
    x, y, z = cell.pose(BOX)[1]
    there = [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z]
    (middle,), _ = seen.camera.project(np.array([there]))
    column, row = np.rint(middle).astype(int)
    assert seen.ids[row, column] == BOX and set(np.unique(seen.ids)) == {0, BOX}
    assert seen.image.shape == (60, 80, 3) and seen.image.dtype == np.uint8
    assert (seen.depth > 0).all() and np.median(np.abs(seen.depth - seen.true_depth)) < 0.005


def test_a_grasp_of_the_turned_scene_goes_back_as_a_vector_turned_the_other_way():
    turn = Rotation.from_rotvec([0, 0, np.radians(90)]).as_matrix()
    seen = Seen(*(np.zeros((1, 1)),) * 4, robot_camera(SCENES), turn)
    grasp = JawGrasp(np.array([0.0, 0.1, 0.02]), np.array([0, 0, -1.0]), np.array([-1.0, 0, 0]), 0.05)
    back = seen.back(grasp)
    np.testing.assert_allclose(back.point, [0.1, 0, 0.02], atol=1e-12)
    np.testing.assert_allclose(back.axis, [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(back.closing, [0, 1, 0], atol=1e-12)
    assert back.opening == 0.05


def test_the_robot_measures_depth_and_does_not_know_it(studio, box_beside_the_middle):
    backdrop = draw_backdrop(studio, SCENES, np.random.default_rng(1))
    seen = see(studio, box_beside_the_middle, backdrop, SCENES, 0.0, np.random.default_rng(2))
    assert (seen.depth != seen.true_depth).mean() > 0.2
