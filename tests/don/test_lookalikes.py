from graspbook.don.lookalikes import look_alikes


def test_look_alikes_share_shape_and_inks():
    assert look_alikes(1) == {2, 7} and look_alikes(3) == {4} and look_alikes(10) == set()
    for number in range(1, 13):
        assert all(number in look_alikes(other) for other in look_alikes(number))
