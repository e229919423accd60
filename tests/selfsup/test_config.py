import dataclasses

from tests.conftest import standard

SELFSUP = standard("selfsup")


def test_the_start_is_trained_like_the_rows_but_for_what_its_section_says():
    start = dataclasses.replace(SELFSUP.start, seed=9, steps=57, batch_size=3, learning_rate=0.25)
    rows = dataclasses.replace(SELFSUP.segment, clip=0.5, patience=4)
    expected = dataclasses.replace(
        rows, seed=9, steps=57, batch_size=3, learning_rate=0.25, evaluate_every=5, patience=None
    )
    assert start.training(rows) == expected
    assert dataclasses.replace(start, steps=4).training(rows).evaluate_every == 1


def test_a_round_is_trained_like_the_rows_and_evaluated_once_at_its_end():
    continual = dataclasses.replace(SELFSUP.continual, seed=9, steps=57, batch_size=3, learning_rate=0.25)
    rows = dataclasses.replace(SELFSUP.segment, clip=0.5, patience=4)
    expected = dataclasses.replace(
        rows, seed=9, steps=57, batch_size=3, learning_rate=0.25, evaluate_every=57, patience=None
    )
    assert continual.training(rows) == expected
