import numpy as np

from graspbook.joint.figures import pictures
from graspbook.joint.figures.colours import BACKGROUND_COLOUR, CLASS_COLOURS


def test_classes_and_instances_have_colours_of_their_own():
    assert len({*CLASS_COLOURS.values(), BACKGROUND_COLOUR}) == 9
    drawn = pictures.instance_picture(np.arange(12).reshape(3, 4))
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 12
    dark = np.round(255 * np.array(BACKGROUND_COLOUR))
    np.testing.assert_array_equal(pictures.class_picture(np.zeros((1, 1), np.uint8))[0, 0], dark)
    np.testing.assert_array_equal(pictures.instance_picture(np.zeros((2, 2), int))[0, 0], dark)


def test_equal_embeddings_have_equal_colours_and_the_rest_is_dark():
    embeddings = np.zeros((4, 3, 6))
    embeddings[0, :, 3:] = 1
    mask = np.ones((3, 6), bool)
    mask[0] = False
    drawn = pictures.embedding_picture(embeddings, mask)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 3
    assert (pictures.embedding_picture(embeddings, 0 * mask > 0) == drawn[0, 0]).all()


def test_borders_lie_between_superpixels_and_the_picture_is_not_changed():
    image = np.zeros((4, 4, 3), np.uint8)
    drawn = pictures.bordered(image, np.array([[0, 0, 1, 1]] * 4), enlarged=3)
    assert drawn.shape == (12, 12, 3)
    assert np.flatnonzero(drawn[0].any(-1)).tolist() == [6]
    assert not image.any()
    assert pictures.marked(drawn, np.array([[6, 6]])).any(-1).sum() > drawn.any(-1).sum()


def test_principal_directions_show_what_random_ones_may_hide():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(0, 0.01, (8, 6, 10)).astype(np.float32)
    embeddings[5, :, 5:] += 1  # two things that differ in one dimension only
    mask = np.ones((6, 10), bool)
    mask[0] = False
    picture = pictures.principal_picture(embeddings, mask)
    assert picture.shape == (6, 10, 3)
    first = picture[1:, :, 0].astype(int)
    assert abs(first[:, 5:].mean() - first[:, :5].mean()) > 150
    assert (picture[0] == np.round(255 * np.array(BACKGROUND_COLOUR))).all()
    assert pictures.principal_picture(embeddings, np.zeros((6, 10), bool)).shape == (6, 10, 3)
    assert pictures.principal_picture(embeddings[:2], mask).shape == (6, 10, 3)


def test_a_result_tints_classes_and_outlines_instances():
    image = np.full((8, 12, 3), 100, np.uint8)
    classes, ids = np.zeros((8, 12), np.uint8), np.zeros((8, 12), np.int32)
    classes[2:6, 2:10] = 3
    ids[2:6, 2:6], ids[2:6, 6:10] = 1, 2
    picture = pictures.result_picture(image, classes, ids)
    np.testing.assert_array_equal(picture[0], image[0])
    assert (picture[4, 6] == 255).all()  # between two of one class
    assert not (picture[4, 4] == image[4, 4]).all()
    assert not (picture[4, 4] == 255).all()
