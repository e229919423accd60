import dataclasses

import numpy as np
import pytest
from PIL import Image

from graspbook.errors import InputError
from graspbook.instances.detections import Detections
from graspbook.selfsup.figures.film import BAR, DURATIONS, frames, write_gif
from graspbook.world.picking import Pick

SIZE = (32, 48)


@dataclasses.dataclass(frozen=True)
class After:
    """All of a grasp that a film shows."""

    after: np.ndarray


def make_pick(outcome, rng, pressed=True, n_masks=2):
    masks = np.zeros((n_masks, *SIZE), bool)
    for number, mask in enumerate(masks):
        mask[4:12, 4 + 16 * number : 14 + 16 * number] = True
    return Pick(
        episode=0,
        attempt=0,
        bin=0,
        image=rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8),
        depth=np.ones(SIZE, np.float32),
        ids=np.zeros(SIZE, np.uint8),
        detections=Detections(np.linspace(1, 0.6, n_masks), masks),
        chosen=0 if n_masks else -1,
        planned_cups=2,
        outcome=outcome,
        n_objects=3,
        held=False,
        cup_sealed=np.array([True, True, False, False, False]),
        cup_ids=np.array([1, 1, 0, 0, 0]),
        cup_uv=np.float32([[9, 8], [12, 8], [9, 11], [6, 8], [9, 5]]),
        grasp=After(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)) if pressed else None,
    )


@pytest.fixture
def picks():
    rng = np.random.default_rng(0)
    return [make_pick("success", rng), make_pick("no_mask", rng, pressed=False, n_masks=0), make_pick("dropped", rng)]


def test_an_attempt_has_three_frames_and_one_that_never_pressed_has_two(picks):
    shots = frames(picks, scale=2)
    assert [len(pictures) for pictures in shots] == [3, 2, 3]
    for picture in (picture for pictures in shots for picture in pictures):
        assert picture.shape == (2 * SIZE[0] + BAR, 2 * SIZE[1], 3) and picture.dtype == np.uint8


def test_masks_and_cups_are_drawn_in_and_what_is_far_from_them_is_left(picks):
    believed, aimed, _ = frames([picks[0]], scale=1)[0]
    image = picks[0].image
    for drawn in (believed, aimed):
        assert not np.array_equal(drawn[4:12, 4:14], image[4:12, 4:14])
        assert np.array_equal(drawn[20 : SIZE[0]], image[20:])


def test_the_gif_shows_all_frames_for_as_long_as_it_says(picks, tmp_path):
    path = tmp_path / "figures" / "film.gif"
    size = write_gif(frames(picks), path)
    assert size == path.stat().st_size
    with Image.open(path) as film:
        assert film.n_frames == 8 and film.info["loop"] == 0
        times = []
        for number in range(film.n_frames):
            film.seek(number)
            times.append(film.info["duration"])
    assert times == [*DURATIONS, *DURATIONS[::2], *DURATIONS]
    assert [file.name for file in path.parent.iterdir()] == ["film.gif"]


def test_the_same_frames_give_the_same_bytes_and_fewer_colours_fewer(picks, tmp_path):
    shots = frames(picks)
    write_gif(shots, tmp_path / "a.gif")
    write_gif(shots, tmp_path / "b.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert write_gif(shots, tmp_path / "c.gif", colours=8) < (tmp_path / "a.gif").stat().st_size


def test_no_attempt_has_no_frame_and_makes_no_film(tmp_path):
    assert frames([]) == []
    with pytest.raises(InputError, match=r"film\.gif: expected at least one attempt"):
        write_gif([], tmp_path / "film.gif")
