import pytest

from graspbook.core.errors import InputError
from graspbook.world.choices import Choices


def test_choices_are_made_and_followed():
    made = Choices()
    assert [made(3), made(True), made(0)] == made.made == [3, 1, 0] and not made.follow
    followed = Choices(made.made)
    assert [followed(9) for _ in range(3)] == [3, 1, 0] and followed.follow


def test_more_choices_than_were_made_are_an_error():
    followed = Choices([5])
    followed(0)
    with pytest.raises(InputError, match="choices: the state has 1"):
        followed(0)
