import numpy as np

from graspbook.mlgsl.figures.colours import END_COLOURS, LOSS_COLOURS
from graspbook.mlgsl.figures.pictures import depth_picture, draw_grasps, map_picture
from graspbook.world.grippers.jaw.execute import GRASP_OUTCOMES


def test_near_is_light_and_pictures_are_enlarged():
    depth = np.full((10, 12), 0.6, np.float32)
    depth[4, 5] = 0.5
    picture = depth_picture(depth)
    assert picture.shape == (40, 48, 3)
    assert picture[16:20, 20:24].min() == 255
    assert picture[0, 0, 0] < 80


def test_a_grasp_is_drawn_where_it_is_and_the_picture_is_left_alone():
    blank = np.zeros((40, 40, 3), np.uint8)
    drawn = draw_grasps(blank, np.array([[5.0, 5.0, 0.0, 6.0]]), (1.0, 0.0, 0.0))
    assert not blank.any()
    row, column = np.nonzero(drawn[..., 0] > 100)
    assert abs(column.mean() - 22) < 1
    assert abs(row.mean() - 22) < 1
    assert column.max() - column.min() >= 23
    assert not drawn[..., 1:].any()


def test_maps_reach_from_the_lowest_to_the_highest_colour():
    picture = map_picture(np.array([[0.0, 1.0]]), 0, 1, enlarged=1)
    assert picture[0, 0].sum() < picture[0, 1].sum()


def test_every_end_has_a_colour_of_its_own_and_so_has_every_loss():
    assert [end.value for end in GRASP_OUTCOMES] == list(END_COLOURS)
    assert len(set(END_COLOURS.values())) == len(END_COLOURS)
    assert len(set(LOSS_COLOURS.values())) == len(LOSS_COLOURS)
