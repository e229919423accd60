"""Episodes drawn from the states that were kept of them, and the states of those that had to be simulated."""

from __future__ import annotations

import dataclasses
import functools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2

from graspbook.core.atomic import scratch_folder
from graspbook.core.errors import InputError
from graspbook.core.progress import say
from graspbook.data.states import ENDING, State, States, check_states, read_states, write_states

if TYPE_CHECKING:
    from graspbook.data.collect import Episodes

Keep = Literal["replay", "simulate"]
"""What becomes of states: episodes are drawn from those that are there, or all are simulated anew."""
VARIABLE = "GRASPBOOK_SIMULATE"
"""The environment variable that, where it is 1, simulates anew what would be replayed."""


def replays(keep: Keep) -> bool:
    """Whether episodes are drawn from states that are there.

    Args:
        keep: What the collection asks for; the environment variable GRASPBOOK_SIMULATE overrules "replay".

    Raises:
        InputError: It asks for something else, or the variable is neither 0 nor 1.
    """
    if keep not in ("replay", "simulate"):
        raise InputError(f"keep: expected 'replay' or 'simulate', got {keep!r}")
    text = os.environ.get(VARIABLE, "0")
    if text not in ("0", "1"):
        raise InputError(f"environment variable {VARIABLE}: expected 0 or 1, got {text!r}")
    return keep == "replay" and text == "0"


@dataclasses.dataclass(frozen=True)
class Kept:
    """Episodes with the states that are known of them.

    Attributes:
        episodes: All that decides the episodes, besides their numbers.
        path: The absolute path of the file of their states.
        hash: The hash of the states that episodes are drawn from; "" where all are simulated.
    """

    episodes: Episodes
    path: Path
    hash: str

    @classmethod
    def find(cls, episodes: Episodes, path: Path, keep: Keep) -> Kept:
        """Look for the states of episodes.

        Args:
            episodes: All that decides the episodes, besides their numbers.
            path: The file of their states, which need not be there.
            keep: Whether they are used.

        Raises:
            InputError: The file holds no states, or those of other episodes.
        """
        path = Path(path).resolve()
        if not replays(keep) or not path.exists():
            return cls(episodes, path, "")
        states = read_states(path)
        try:
            check_states(path, states, episodes.kind, episodes.settings(), episodes.fields)
        except InputError as error:
            raise InputError(f"{error}; {VARIABLE}=1 simulates anew and replaces them") from None
        found = cls(episodes, path, states.hash)
        if states.made != episodes.key() and states.episodes:
            found.compare_first(*next(iter(sorted(states.episodes.items()))))
        return found

    @property
    def name(self) -> str:
        """Of the scratch folder: episodes drawn and episodes simulated do not mix."""
        return f"{self.episodes.kind}-{self.episodes.key()}-{self.hash[:8] or 'anew'}"

    def known(self) -> dict[int, State]:
        """The states that episodes are drawn from, by number."""
        return _read(self.path, self.hash) if self.hash else {}

    def store(self, number: int, folder: Path) -> Path:
        """Draw or simulate an episode, unless it is stored already; if it was simulated, its state lies beside it.

        Args:
            number: The number of the episode, from 0.
            folder: The folder of all stored episodes.

        Returns:
            The episode's folder.
        """
        path = folder / f"e{number:06d}"
        if not path.exists():
            cv2.setNumThreads(1)  # one process per core: OpenCV's own threads would only fight over it
            state = self.known().get(number)
            with scratch_folder(path) as partial:
                if state is not None:
                    self.episodes.draw(number, state, partial)
                else:
                    simulated = {number: self.episodes.record(number, partial)}
                    write_states(_own_file(folder, number), self._states(simulated))
        return path

    def write(self, count: int, folder: Path) -> None:
        """Write the states of the first episodes, unless the file has just these, and say how many were replayed.

        Args:
            count: The number of episodes.
            folder: The folder of all stored episodes.
        """
        known = self.known()
        episodes = {
            number: known[number] if number in known else read_states(_own_file(folder, number)).episodes[number]
            for number in range(count)
        }
        states, replayed = self._states(episodes), len(known.keys() & episodes.keys())
        if not (self.hash == states.hash and read_states(self.path).made == states.made):
            write_states(self.path, states)
        rest = f", simulated {count - replayed}" if replayed < count else ""
        say(f"{self.path.name}: replayed {replayed} of {count} episodes{rest}")

    def compare_first(self, number: int, state: State) -> None:
        """Say whether an episode is still simulated as it once was; code that draws may have changed, or physics.

        Args:
            number: The number of the episode.
            state: Its state.
        """
        with tempfile.TemporaryDirectory(prefix="graspbook-states-") as folder:
            today = self.episodes.record(number, Path(folder))
        alike = self._states({number: today}).hash == self._states({number: state}).hash
        verdict = "simulates the same" if alike else f"simulates another one; {VARIABLE}=1 simulates all of them anew"
        say(f"{self.path.name}: kept by other code than today's, which here, for episode {number}, {verdict}")

    def _states(self, episodes: dict[int, State]) -> States:
        return States(self.episodes.kind, self.episodes.settings(), self.episodes.key(), episodes)


def _own_file(folder: Path, number: int) -> Path:
    return folder / f"s{number:06d}{ENDING}"


@functools.lru_cache(maxsize=2)
def _read(path: Path, expected: str) -> dict[int, State]:
    """States by number, once per process: a worker draws many episodes."""
    states = read_states(path)
    if states.hash != expected:
        raise InputError(f"{path}: has been replaced while episodes were drawn from it; collect again")
    return states.episodes
