import matplotlib.pyplot as plt
import numpy as np
import pytest

from graspbook.papers import load_paper
from graspbook.reporting import plotting


def test_every_method_of_the_paper_has_a_colour_of_its_own():
    methods = load_paper("selfsup").tables["table_1"].rows
    colours = {method.removesuffix("-Filter"): plotting.method_colour(method) for method in methods}
    assert len(set(colours.values())) == len(colours) == 7


def test_a_method_and_its_filtered_form_share_a_colour_but_not_a_line():
    plain, filtered = plotting.method_style("MOG"), plotting.method_style("MOG-Filter")
    assert plain["color"] == filtered["color"]
    assert plain["linestyle"] != filtered["linestyle"]


@pytest.mark.parametrize("strength", [0.0, 0.45, 1.0])
def test_an_overlay_changes_the_mask_and_nothing_else(strength):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    mask = np.zeros((20, 30), bool)
    mask[5:12, 8:20] = True
    kept = image.copy()
    drawn = plotting.overlay(image, mask, (1.0, 0.0, 0.0), strength)
    np.testing.assert_array_equal(image, kept)
    np.testing.assert_array_equal(drawn[~mask], image[~mask])
    assert (drawn[5, 8:20] == (255, 0, 0)).all()
    inside = np.round((1 - strength) * image[8, 12] + strength * np.array([255.0, 0, 0]))
    np.testing.assert_allclose(drawn[8, 12], inside, atol=1)


def test_an_outline_lies_inside_the_mask_and_reaches_the_border_of_the_image():
    image = np.zeros((6, 6, 3), np.uint8)
    full = plotting.outlined(image, np.ones((6, 6), bool))[..., 0] == 255
    assert full[0].all() and full[:, 0].all() and not full[1:5, 1:5].any()
    np.testing.assert_array_equal(plotting.outlined(image, np.zeros((6, 6), bool)), image)
    single = np.zeros((6, 6), bool)
    single[2, 3] = True
    np.testing.assert_array_equal(plotting.outlined(image, single)[..., 0] == 255, single)


def test_images_are_laid_out_in_rows_and_need_a_title_each():
    images = [np.zeros((4, 6, 3), np.uint8), np.ones((4, 6), bool), np.zeros((4, 6))]
    figure = plotting.show_images(images, ["a", "b", ""], columns=2)
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 0]
    plt.close(figure)
    with pytest.raises(ValueError):
        plotting.show_images(images, ["a"])
    plt.close("all")


def test_a_figure_is_marked_once_and_only_outside_the_standard_profile():
    for profile, marks in (("standard", 0), ("quick", 1), ("paper", 1)):
        figure = plt.figure()
        plotting.mark_profile(figure, profile)
        plotting.mark_profile(figure, profile)
        assert len(figure.texts) == marks
        plt.close(figure)
