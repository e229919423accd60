import numpy as np

from graspbook.latent.figures.pictures import draw_masks


def test_masks_are_drawn_where_they_are():
    image, masks = np.full((10, 12, 3), 100, np.uint8), np.zeros((2, 10, 12), bool)
    masks[0, 2:8, 2:6], masks[1, 2:8, 4:10] = True, True
    both, first = draw_masks(image, masks, 2), draw_masks(image, masks[:1], 2)
    assert both.shape == (20, 24, 3)
    np.testing.assert_array_equal(both[6:14, 5:8], first[6:14, 5:8])
    np.testing.assert_array_equal(draw_masks(image, masks[:0], 1), image)
    assert (both[:2] == 100).all() and (both[5, 15] != 100).any()
