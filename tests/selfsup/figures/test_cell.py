"""The picture of the cell: what stands where, and whether it is seen."""

import dataclasses

import numpy as np
import pytest

from graspbook.selfsup.figures import cell
from graspbook.world.assets import meshes, tote
from graspbook.world.assets.catalogue import TEXTURE_SIZE, Catalogue, Shape
from graspbook.world.assets.items import Item
from graspbook.world.grippers.suction import housing
from graspbook.world.grippers.suction.seal import CUP_RADIUS, CUPS, ToolPose
from graspbook.world.render.camera import look_down
from graspbook.world.scene import Light, Scene
from tests.conftest import standard

DIALS = dataclasses.replace(standard("selfsup").world.dials, light_flicker=0.0)


def test_the_tool_stands_on_five_lips_where_the_cups_are():
    (body, _), *cups = cell.tool_meshes()
    assert body[0][:, 2].min() == housing.BELLOWS
    assert np.isclose(np.hypot(*body[0][:, :2].T).max(), housing.RADIUS)
    assert len(cups) == len(CUPS)
    for ((vertices, _), _), centre in zip(cups, CUPS, strict=True):
        assert np.isclose(vertices[:, 2].min(), 0) and np.isclose(vertices[:, 2].max(), housing.BELLOWS)
        assert np.isclose(np.linalg.norm((vertices - centre)[:, :2], axis=1).max(), CUP_RADIUS)


def test_the_bin_is_the_totes_without_its_table():
    vertices, faces = cell.bin_mesh()
    assert vertices[:, 2].min() == 0 and np.isclose(vertices[:, 2].max(), tote.HEIGHT)
    area = 0.5 * np.linalg.norm(np.cross(*(vertices[faces[:, k]] - vertices[faces[:, 0]] for k in (1, 2))), axis=1)
    corners = tote.quads()[1:].astype(float)
    halves = [np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])]
    halves += [np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 0])]
    assert np.isclose(area.sum(), 0.5 * np.linalg.norm(halves, axis=2).sum())


def test_a_camera_that_looks_at_a_point_has_it_in_the_middle_and_up_is_up():
    eye, target = np.array([1.0, -2.0, 1.5]), np.array([0.1, 0.2, 0.3])
    camera = cell.look_at(eye, target, 40)
    rotation = camera.world_from_camera[:3, :3]
    assert np.allclose(rotation.T @ rotation, np.eye(3)) and np.isclose(np.linalg.det(rotation), 1)
    uv, depth = camera.project(target + np.array([(0, 0, 0), (0, 0, 0.1)]))
    assert np.allclose(uv[0], [(camera.width - 1) / 2, (camera.height - 1) / 2])
    assert np.isclose(depth[0], np.linalg.norm(target - eye))
    assert uv[1, 1] < uv[0, 1] and np.isclose(uv[1, 0], uv[0, 0])


def picture(tool_at, camera_at=0.98):
    """A cell with one box in its bin, in a small picture."""
    vertices, faces = meshes.box(np.full(3, 0.03))
    shape = Shape(
        "box_0001", "box", vertices.astype(np.float32), faces, meshes.corner_normals(vertices, faces), (), 0.0
    )
    scene = Scene(
        {1: Item(shape, 0)},
        {1: (np.eye(3), np.array([0.0, 0.0, 0.03]))},
        tote.Tote(),
        Light(),
        look_down(32, distance=camera_at),
    )
    pool = np.full((1, TEXTURE_SIZE, TEXTURE_SIZE, 3), 200, np.uint8)
    return cell.draw_cell(scene, ToolPose(np.array(tool_at), np.eye(3)), Catalogue([], pool), DIALS, height=120)


@pytest.mark.slow
@pytest.mark.parametrize("moved", [{"tool_at": (0.15, 0.0, 0.2)}, {"camera_at": 0.8}])
def test_tool_and_camera_are_drawn_where_they_are(moved):
    usual = {"tool_at": (-0.15, 0.0, 0.2), "camera_at": 0.98}
    before, after = picture(**usual), picture(**usual | moved)
    assert before.shape == (120, 180, 3) and before.dtype == np.uint8
    changed = (np.abs(before.astype(int) - after).max(-1) > 40).mean()
    assert 0.001 < changed < 0.2  # that thing alone
