import numpy as np
import pytest

from graspbook.world.assets.textures import SIZE, draw_texture


def test_the_same_seed_draws_the_same_texture():
    first, again = (draw_texture(np.random.default_rng(5)) for _ in range(2))
    assert first.shape == (SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


@pytest.mark.slow
def test_textures_vary():
    rng = np.random.default_rng(0)
    pool = [draw_texture(rng) for _ in range(30)]
    assert len({texture.tobytes() for texture in pool}) == 30
    # some are plain, some are printed
    inks = [len(np.unique(texture.reshape(-1, 3), axis=0)) for texture in pool]
    assert min(inks) <= 2 < max(inks)
