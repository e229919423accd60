import io
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import seaborn

from graspbook.reporting import plotting


def test_the_theme_is_seaborns_but_for_letters_and_colour_maps_that_other_machines_may_lack():
    ours, theirs = {}, {}
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        plotting.use_theme()
        ours = dict(matplotlib.rcParams)
        matplotlib.rcdefaults()
        seaborn.set_theme(
            context="notebook",
            style="whitegrid",
            palette="colorblind",
            rc={
                "figure.figsize": (7.0, 4.2),
                "figure.dpi": 100,
                "savefig.dpi": 150,
                "font.size": 12,
                "axes.titlesize": 13,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "image.interpolation": "nearest",
            },
        )
        theirs = dict(matplotlib.rcParams)
    assert {name for name in ours if ours[name] != theirs[name]} == {"font.sans-serif", "image.cmap"}
    assert list(plotting.PALETTE) == list(seaborn.color_palette("colorblind", 10))


@pytest.mark.slow
def test_drawing_loads_no_statistics_library():
    code = "import sys, graspbook.reporting.figures; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"seaborn", "pandas", "scipy", "torch"} & set(modules)


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


def test_the_mark_lies_above_the_figure_and_is_saved_with_it():
    figure = plotting.show_images([np.zeros((40, 60, 3), np.uint8)], ["a title"])
    plain, marked = io.BytesIO(), io.BytesIO()
    figure.savefig(plain, bbox_inches="tight")
    plotting.mark_profile(figure, "quick")
    assert figure.texts[0].get_window_extent().y0 >= figure.bbox.y1
    figure.savefig(marked, bbox_inches="tight")
    heights = [plt.imread(io.BytesIO(file.getvalue())).shape[0] for file in (plain, marked)]
    assert heights[1] > heights[0] + 5
    plt.close(figure)
