import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from graspbook.core.errors import InputError
from graspbook.data.collect import Episodes, take


@dataclass(frozen=True)
class Numbers(Episodes):
    """Episodes that write what was drawn for their number."""

    kind = "numbers"
    fields = {}  # noqa: RUF012
    seed: int
    fails_at: int = -1

    def settings(self):
        return [self.seed]

    def record(self, number, folder):
        if number == self.fails_at:
            (folder / "half.json").write_text("[")
            raise KeyboardInterrupt
        drawn = np.random.default_rng([self.seed, number]).integers(1000, size=3)
        (folder / "drawn.json").write_text(json.dumps(drawn.tolist()))
        return {}

    def draw(self, number, state, folder):
        raise NotImplementedError


def read(path: Path) -> list[int]:
    return json.loads((path / "drawn.json").read_text())


def collect(numbers, scratch, workers=1, count=5):
    with numbers.collected(scratch, workers, count) as paths:
        return [read(path) for path in paths]


def test_episodes_come_in_order_whatever_the_workers_and_leave_no_scratch(tmp_path):
    expected = [np.random.default_rng([3, number]).integers(1000, size=3).tolist() for number in range(5)]
    assert collect(Numbers(3), tmp_path) == collect(Numbers(3), tmp_path, workers=2) == expected
    assert not any(tmp_path.iterdir())


def test_a_run_that_ends_early_leaves_whole_episodes_alone_and_the_next_goes_on(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        collect(Numbers(3, fails_at=2), tmp_path)
    (folder,) = tmp_path.glob("numbers-*")
    assert sorted(path.name for path in folder.iterdir()) == ["e000000", "e000001"]
    recorded, record = [], Numbers.record
    monkeypatch.setattr(Numbers, "record", lambda *given: recorded.append(given[1]) or record(*given))
    assert len(collect(Numbers(3), tmp_path)) == 5 and recorded == [2, 3, 4]


def test_other_settings_share_no_episodes(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        collect(Numbers(3, fails_at=2), tmp_path)
    assert collect(replace(Numbers(3), seed=4), tmp_path)[0] != collect(Numbers(3), tmp_path)[0]


def test_episodes_without_end_are_recorded_as_long_as_they_are_asked_for(tmp_path):
    with Numbers(3).collected(tmp_path, 1) as paths:
        assert [read(next(paths)) for _ in range(2)] == collect(Numbers(3), tmp_path / "other", count=2)


@pytest.mark.parametrize("arguments", [{"workers": 0}])
def test_bad_arguments_are_named_before_any_work(tmp_path, arguments):
    with (
        pytest.raises(InputError, match=next(iter(arguments))),
        Numbers(3).collected(tmp_path / "scratch", **arguments),
    ):
        pass
    assert not (tmp_path / "scratch").exists()


def test_items_are_taken_until_enough_of_them_count():
    episodes = iter([[1, 2], [], [4, 6, 7], [8]])
    assert list(take(episodes, 2, 9, "numbers", lambda item: item % 2 == 0)) == [1, 2, 4]
    assert next(episodes) == [8]
    assert list(take([[1], [2, 3], [4]], 3, 9, "numbers")) == [1, 2, 3]


def test_patience_ends_after_episodes_in_a_row_without_an_item_that_counts():
    even = [[2], [1], [3], [4], [1, 3], [], [5], [6]]
    with pytest.raises(InputError, match="even numbers: none in 3 episodes in a row, after 2 of 3"):
        list(take(even, 3, 3, "even numbers", lambda item: item % 2 == 0))
