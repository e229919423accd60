import dataclasses

import pytest

from graspbook.latent.train import latent_of, train_of
from tests.latent.worlds import STANDARD

PLAIN, LATENT = (STANDARD.trainings["apparel"][name] for name in ("mask-rcnn", "latent"))


def test_a_row_differs_from_the_common_settings_where_it_says_so():
    row = dataclasses.replace(LATENT, dimensions=64, encoder_rate=1.0, calibrate=0)
    assert latent_of(row, STANDARD.latent) == dataclasses.replace(STANDARD.latent, dimensions=64)
    assert train_of(row, STANDARD.train) == dataclasses.replace(STANDARD.train, encoder_rate=1.0, calibrate=0)
    assert latent_of(PLAIN, STANDARD.latent) is None
    assert train_of(LATENT, STANDARD.train) == STANDARD.train


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"A b": LATENT}, "becomes a file's name"),
        ({"a": dataclasses.replace(PLAIN, beta=0.1)}, "a plain model has no code"),
        ({"a": dataclasses.replace(LATENT, agreement=0.5, data="objects")}, "only the coins of 'apparel' are known"),
    ],
)
def test_what_cannot_work_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(STANDARD, trainings={"family": rows})


def test_sections_check_themselves():
    with pytest.raises(ValueError, match="another family has a row of this name"):
        dataclasses.replace(STANDARD, trainings={"one": {"a": PLAIN}, "two": {"a": PLAIN}})
    with pytest.raises(ValueError, match="warm_up"):
        dataclasses.replace(STANDARD.train, warm_up=(0.7, 0.3))
    with pytest.raises(ValueError, match="location"):
        dataclasses.replace(STANDARD.train, weights="hub")
    with pytest.raises(ValueError, match=r"apparel.n_train"):
        dataclasses.replace(STANDARD, train=dataclasses.replace(STANDARD.train, calibrate=10**6))
    with pytest.raises(ValueError, match="min_packs"):
        dataclasses.replace(STANDARD.apparel.totes, min_packs=30)
