import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from graspbook.reporting.figures import save_figure, shows_pictures


def draw(pictures):
    figure, axis = plt.subplots()
    axis.plot([1, 2, 3], label="line")
    axis.fill_between([0, 1, 2], [1, 1, 1], hatch="/")
    axis.legend()
    if pictures:
        y, x = np.mgrid[:40, :60]
        axis.imshow(np.stack([4 * x, 6 * y, 3 * (x + y) % 256], -1).astype(np.uint8))
    return figure


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["standard", "quick"])
@pytest.mark.parametrize(("pictures", "endings"), [(False, [".png", ".svg"]), (True, [".webp"])])
def test_figures_have_the_same_bytes_each_time_and_an_svg_only_without_pictures(tmp_path, profile, pictures, endings):
    for folder in ("a", "b"):
        figure = draw(pictures)
        paths = save_figure(figure, tmp_path / folder / "figure_2", profile)
        plt.close(figure)
        assert paths == [tmp_path / folder / f"figure_2{ending}" for ending in endings]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [f"figure_2{ending}" for ending in endings]
    for ending in endings:
        assert (tmp_path / f"a/figure_2{ending}").read_bytes() == (tmp_path / f"b/figure_2{ending}").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["standard", "quick"])
def test_an_svg_has_no_date_and_the_profiles_mark(tmp_path, profile):
    save_figure(draw(False), tmp_path / "figure_2", profile)
    svg = (tmp_path / "figure_2.svg").read_text()
    assert "<dc:date>" not in svg and "Matplotlib v" not in re.sub(r"<!DOCTYPE.*?>", "", svg, flags=re.DOTALL)
    assert ("profile-mark" in svg) == (profile == "quick")
    plt.close("all")


@pytest.fixture
def plain():
    """matplotlib's own style, whatever another test has left: how much a picture loses to WebP depends on it."""
    with plt.style.context("default"):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("plain")
def test_the_file_shows_what_the_figure_shows(tmp_path):
    for pictures, ending in ((False, ".png"), (True, ".webp")):
        figure = draw(pictures)
        save_figure(figure, tmp_path / "figure", "standard")
        written = Image.open(tmp_path / f"figure{ending}").convert("RGB")
        file = io.BytesIO()
        figure.savefig(file, dpi=120 if pictures else 150, bbox_inches="tight")
        expected = np.asarray(Image.open(file).convert("RGB")).astype(int)
        assert np.abs(np.asarray(written) - expected).mean() < 2
        plt.close(figure)


@pytest.mark.slow
def test_a_dot_in_the_name_is_no_ending(tmp_path):
    figure = draw(False)
    assert [path.name for path in save_figure(figure, tmp_path / "ap.50", "standard")] == ["ap.50.png", "ap.50.svg"]
    plt.close(figure)


def test_pictures_are_found_wherever_they_are():
    figure, axis = plt.subplots()
    assert not shows_pictures(figure)
    axis.inset_axes((0, 0, 0.5, 0.5)).imshow(np.zeros((2, 2)))
    assert shows_pictures(figure)
    plt.close(figure)
    figure = plt.figure()
    figure.figimage(np.zeros((2, 2)))
    assert shows_pictures(figure)
    plt.close(figure)
