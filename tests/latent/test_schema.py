import dataclasses

import pytest

from tests.conftest import standard

LATENT = standard("latent")
OBJECTS = LATENT.sets.trainings["objects"]


def with_rows(**rows):
    """The configuration with other rows in the family `objects`."""
    trainings = {**LATENT.sets.trainings, "objects": rows}
    return dataclasses.replace(LATENT, sets=dataclasses.replace(LATENT.sets, trainings=trainings))


def test_a_row_of_the_sets_may_not_have_the_name_of_one_on_apparel():
    row = next(iter(OBJECTS.values()))
    with_rows(another=row)
    with pytest.raises(ValueError, match=r"sets.trainings.objects.latent: another family has a row of this name"):
        with_rows(latent=row)


def test_the_encoder_is_calibrated_on_images_that_are_there():
    row = next(row for row in OBJECTS.values() if row.model == "latent")
    most = LATENT.objects.n_train
    with_rows(row=dataclasses.replace(row, calibrate=most))
    with pytest.raises(ValueError, match=f"calibrated on {most + 1} images, but objects has fewer"):
        with_rows(row=dataclasses.replace(row, calibrate=most + 1))


def test_rows_on_the_real_apparel_need_its_folder():
    row = dataclasses.replace(next(iter(OBJECTS.values())), data="apparel")
    assert LATENT.apparel_5k.real is None
    with pytest.raises(ValueError, match=r"'apparel' is trained here on a real set; give apparel_5k\.real"):
        with_rows(row=row)
