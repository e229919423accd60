"""A gripper, a camera and a box on a table for the tests of grasping."""

import numpy as np
import pytest

from graspbook.world.assets import meshes
from graspbook.world.assets.catalogue import Shape
from graspbook.world.assets.items import Item
from graspbook.world.grippers.jaw.config import JawConfig
from graspbook.world.table.cell import TableCell
from graspbook.world.table.config import CameraConfig


@pytest.fixture
def gripper():
    return JawConfig(
        max_opening=0.1,
        finger_thickness=0.01,
        finger_width=0.02,
        finger_length=0.06,
        pad=0.025,
        depth=0.01,
        force=20.0,
        friction=1.0,
        lift=0.1,
        shake=6.0,
    )


@pytest.fixture
def camera_config():
    return CameraConfig(size=80, distance=0.6, field=0.26, zoom=0.2, tilt=10.0, noise=0.002, edge_loss=0.3, loss=0.005)


def table_box(half=(0.02, 0.04, 0.03), mass=0.1, friction=0.6):
    vertices, faces = meshes.box(np.array(half))
    shape = Shape(
        "box_0001",
        "box",
        vertices.astype(np.float32),
        faces,
        np.zeros((len(faces), 3, 3), np.float32),
        (vertices.astype(np.float32),),
        8 * float(np.prod(half)),
    )
    return Item(shape=shape, texture=0, mass=mass, friction=friction)


@pytest.fixture
def box_on_table():
    """A maker of cells with a box, 4 cm along x, 8 cm along y and 6 cm high, in the middle of the table."""
    cells = []

    def make(**options):
        cell = TableCell()
        cells.append(cell)
        item = table_box(**options)
        height = float(item.shape.vertices[:, 2].max())
        cell.add(1, item, np.array([0, 0, height]), np.eye(3))
        cell.settle()
        return cell

    yield make
    for cell in cells:
        cell.close()
