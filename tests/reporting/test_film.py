import numpy as np
import pytest
from PIL import Image

from graspbook.core.errors import InputError
from graspbook.reporting.film import write_film


def smooth(shift, shape=(90, 120)):
    """A shaded picture with far more than 256 colours."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.stack([60 + x + shift, 90 + y, 200 - (x + y) // 2], -1).clip(0, 255).astype(np.uint8)


FRAMES = [smooth(shift) for shift in (0, 20, 40)]


def read(path):
    with Image.open(path) as film:
        assert film.info["loop"] == 0
        pictures, times = [], []
        for number in range(film.n_frames):
            film.seek(number)
            pictures.append(np.asarray(film.convert("RGB")))
            times.append(film.info["duration"])
    return pictures, times


@pytest.mark.parametrize(("milliseconds", "shown"), [(180, [180, 180, 180]), ([70, 90, 60], [70, 90, 60])])
def test_a_film_shows_all_frames_for_as_long_as_it_is_told(tmp_path, milliseconds, shown):
    path = tmp_path / "figures" / "film.webp"
    assert write_film(FRAMES, path, milliseconds, 80) == path.stat().st_size
    assert read(path)[1] == shown
    assert [file.name for file in path.parent.iterdir()] == ["film.webp"]


def test_the_film_has_the_colours_of_its_frames(tmp_path):
    write_film(FRAMES, tmp_path / "film.webp", 100, 80, effort=6)
    for shown, drawn in zip(read(tmp_path / "film.webp")[0], FRAMES, strict=True):
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 5000
        assert np.abs(shown.astype(int) - drawn).mean() < 2.5
        assert np.abs(shown.astype(int) - drawn).max() < 20  # no bands


def test_the_same_frames_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_film(FRAMES, tmp_path / f"{name}.webp", 100, 80)
    assert (tmp_path / "a.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()


def test_no_frame_makes_no_film(tmp_path):
    with pytest.raises(InputError, match=r"film\.webp: expected at least one frame"):
        write_film([], tmp_path / "film.webp", 100, 80)
    assert not list(tmp_path.iterdir())
