import numpy as np
import pytest

from graspbook.don.config import NetworkConfig, Row
from graspbook.don.figures.film import film_frames
from graspbook.don.figures.heat import heat_picture
from graspbook.don.network import build_network
from graspbook.nn.model_file import Model


@pytest.mark.slow
def test_a_film_has_one_frame_for_each_view():
    row = Row("a", "nt-xent", "multi", 1, matches=128, dimensions=4)
    trained = Model(build_network(NetworkConfig("mobilenet_v2", "random", None), 4, 1).eval(), row)
    views = np.random.default_rng(0).integers(0, 255, (3, 32, 40, 3)).astype(np.uint8)
    frames = film_frames(trained, views)
    assert [frame.shape for frame in frames] == 3 * [(64, 160, 3)]


def test_the_closest_pixel_is_the_brightest():
    heat = np.zeros((20, 30))
    heat[7, 11] = 1
    picture = heat_picture(np.full((20, 30, 3), 40, np.uint8), heat, 1).astype(int).sum(2)
    assert np.unravel_index(picture.argmax(), picture.shape) == (7, 11)
