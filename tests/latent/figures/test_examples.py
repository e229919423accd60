import numpy as np

from graspbook.instances.types import no_instances, ranked
from graspbook.latent.figures.examples import close_up, one_or_two, uncertain_extent
from graspbook.latent.figures.pictures import draw_cups
from graspbook.world.totes.answers import Answers, Question

SIZE = (40, 60)


def rectangle(rows, columns):
    mask = np.zeros(SIZE, bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def found(*masks):
    return ranked(np.stack(masks), np.zeros(len(masks), np.int64), np.full(len(masks), 0.9))


LEFT, RIGHT = rectangle((10, 20), (10, 20)), rectangle((10, 20), (20, 30))


def test_the_pack_is_shown_on_which_samples_differ_most():
    top = np.where(LEFT, 2, 0).astype(np.uint8) + np.where(RIGHT, 3, 0).astype(np.uint8)
    answers = [Answers(top, top, (Question(1, "crease", True),), True)] * 2
    one, two = found(LEFT | RIGHT), found(LEFT, RIGHT)
    samples = [[one, two, two, two, one], [one, two, two, one, one]]
    number, region = one_or_two(samples, answers, 4)
    assert number == 1 and (region == (LEFT | RIGHT)).all()
    assert one_or_two([[one, two, two]], answers[:1], 4) is None, "all samples agree"


def test_the_instance_is_shown_whose_area_differs_most_and_that_all_samples_find():
    steady, wide = rectangle((2, 8), (40, 50)), rectangle((10, 20), (10, 28))
    samples = [found(LEFT | RIGHT, steady), found(LEFT | RIGHT, steady), found(wide, steady)]
    number, region = uncertain_extent([samples])
    assert number == 0 and (region == (LEFT | RIGHT)).all()
    assert uncertain_extent([[samples[0], no_instances(SIZE)]]) is None


def test_a_close_look_shows_the_region_and_what_meets_it():
    image = np.full((*SIZE, 3), 100, np.uint8)
    shown = close_up(image, np.stack([LEFT, rectangle((30, 38), (45, 58))]), LEFT)
    assert shown.shape[0] * SIZE[1] == shown.shape[1] * SIZE[0] or abs(shown.shape[1] / shown.shape[0] - 1.5) < 0.1
    assert (shown != 100).any()
    assert (close_up(image, np.zeros((0, *SIZE), bool), LEFT) == 100).all()


def test_cups_are_rings_in_two_colours():
    drawn = draw_cups(
        np.zeros((40, 60, 3), np.uint8), np.array([[10.0, 10.0], [40.0, 20.0]]), np.array([True, False]), 5
    )
    assert drawn[10, 15].any() and drawn[20, 45].any() and not drawn[10, 10].any()
    assert (drawn[10, 15] != drawn[20, 45]).any()
