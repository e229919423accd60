import numpy as np

from graspbook.latent.picking_area import PickCounts
from graspbook.latent.same_area import at_the_area_of, rate_at


def counts(predicted, doubles):
    return PickCounts(*(np.array(values) for values in ([100, 100], doubles, predicted, [100, 100])))


def test_between_two_points_a_curve_is_straight():
    areas, rates = np.array([[90.0, 50.0, 70.0]]), np.array([[10.0, 2.0, 4.0]])
    for wanted, rate in ((50.0, 2.0), (60.0, 3.0), (80.0, 7.0), (90.0, 10.0)):
        assert rate_at(areas, rates, np.array([wanted]), "above")[0] == rate


def test_beyond_a_curve_its_end_counts_on_one_side_only():
    areas, rates = np.array([[50.0, 90.0]]), np.array([[2.0, 10.0]])
    for beyond, low, high in (("above", np.nan, 10.0), ("below", 2.0, np.nan)):
        found = [rate_at(areas, rates, np.array([wanted]), beyond)[0] for wanted in (40.0, 95.0)]
        np.testing.assert_equal(found, [low, high])


def test_a_point_without_a_rate_is_left_out():
    areas, rates = np.array([[50.0, 60.0, 90.0]]), np.array([[2.0, np.nan, 10.0]])
    assert rate_at(areas, rates, np.array([70.0]), "above")[0] == 6.0
    assert np.isnan(rate_at(areas, rates * np.nan, np.array([70.0]), "above")[0])


def test_each_weighting_of_the_images_has_its_own_area():
    curve = [counts([40, 80], [2, 4]), counts([60, 100], [6, 8])]
    weights = np.array([[1.0, 0.0], [0.0, 1.0]])
    values = at_the_area_of(curve, counts([50, 90], [0, 0]), "above")(weights)
    np.testing.assert_allclose(values["area"], [50, 90])
    np.testing.assert_allclose(values["double_pick"], [4, 6])
