import numpy as np
import pytest
import torch

from graspbook.core.errors import InputError
from graspbook.don import metrics
from graspbook.don.metrics import area_under_pck, nearest_pixels, pck, pixel_errors


@pytest.mark.parametrize("measure", ["cosine", "euclidean"])
@pytest.mark.parametrize("chunk", [1, 100, 1 << 22])
def test_the_nearest_pixel_is_that_of_a_plain_search(measure, chunk, monkeypatch):
    monkeypatch.setattr(metrics, "CHUNK", chunk)
    generator = torch.Generator().manual_seed(0)
    queries, pixels = (torch.randn(n, 6, generator=generator, dtype=torch.float64) for n in (13, 50))
    pixels *= torch.linspace(0.1, 3, 50, dtype=torch.float64)[:, None]  # lengths matter to one measure alone
    found = nearest_pixels(queries, pixels, measure)
    for query, place in zip(queries, found, strict=True):
        if measure == "euclidean":
            expected = min(range(50), key=lambda p: float(((query - pixels[p]) ** 2).sum()))
        else:
            expected = max(range(50), key=lambda p: float(query @ pixels[p] / query.norm() / pixels[p].norm()))
        assert place == expected


def test_of_equal_descriptors_the_first_is_taken_and_other_measures_are_refused():
    same = torch.ones(4, 2)
    assert nearest_pixels(same[:1], same, "euclidean").item() == 0
    with pytest.raises(InputError, match="measure: expected 'cosine' or 'euclidean'"):
        nearest_pixels(same, same, "manhattan")


def test_pck_is_the_share_within_k_and_k_itself_counts():
    errors = np.array([0.0, 3.0, 3.1, 200.0])
    assert pck(errors, 3) == 0.5 and pck(errors, 2.9) == 0.25 and pck(errors, 1000) == 1


def test_the_area_is_the_mean_of_pck_over_k():
    rng = np.random.default_rng(0)
    for errors in (rng.exponential(40, 300), np.array([0.0]), np.array([1.0, 100.0, 100.5]), np.arange(120.0)):
        naive = np.mean([pck(errors, k) for k in range(1, 101)])
        assert area_under_pck(errors) == pytest.approx(naive, abs=1e-12)
    assert area_under_pck(np.array([0.3])) == 1 and area_under_pck(np.array([101.0])) == 0
    with pytest.raises(InputError, match="errors: expected at least one"):
        area_under_pck(np.array([]))


def test_errors_are_scaled_to_a_diagonal_of_800():
    predicted, true = np.array([[0.0, 0.0], [5.0, 5.0]]), np.array([[3.0, 4.0], [5.0, 5.0]])
    assert pixel_errors(predicted, true, (480, 640)).tolist() == [5.0, 0.0]
    assert pixel_errors(predicted, true, (120, 160)).tolist() == [20.0, 0.0]
