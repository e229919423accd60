import numpy as np
import torch

from graspbook.don.figures.pictures import descriptor_picture, enlarge, main_axes, mark, side_by_side


def test_pictures_are_enlarged_and_marked_at_their_pixels():
    image = np.zeros((6, 8, 3), np.uint8)
    assert enlarge(image, 3).shape == (18, 24, 3)
    assert mark(image, np.array([[4.0, 3.0]]), (1.0, 0.0, 0.0), 8)[..., 0].max() == 255
    both = side_by_side((image, image), np.array([[1.0, 1.0]]), np.array([[2.0, 2.0]]), 4)
    assert both.shape == (24, 64, 3) and both.any()


def test_descriptors_along_one_line_differ_in_one_colour():
    line = torch.outer(torch.linspace(-1, 1, 12), torch.tensor([0.0, 3.0, 0.0, 1.0]))
    picture = descriptor_picture(line, (3, 4), main_axes(line)).reshape(-1, 3).astype(int)
    assert abs(int(picture[0, 0]) - int(picture[-1, 0])) > 150
