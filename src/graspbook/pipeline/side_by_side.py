"""Independent stages of a pipeline at once, each on a core of its own.

`dvc repro` runs one stage after another. Here DVC says what depends on what; then every stage whose turn has come is
handed to a `dvc repro --single-item` of its own. Every stage computes with one thread and one worker, so that the
bytes that come out do not depend on how many run beside each other.
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.core.workers import VARIABLE, worker_count
from graspbook.pipeline.dvc_command import PipelineError, run_dvc

ONE_CORE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", VARIABLE: "1"}
"""What holds a stage to one core."""


@dataclass(frozen=True)
class Step:
    """One stage, as DVC knows it.

    Attributes:
        command: The command of the stage, run in the folder of the repository or the workspace.
        needs: The addresses of the stages that have to run before it.
    """

    command: str
    needs: frozenset[str]


def needed_steps(folder: Path, targets: list[str]) -> dict[str, Step]:
    """The stages that `targets` are and need, by their addresses.

    Args:
        folder: The repository or a workspace.
        targets: The addresses of stages, or paths of pipeline files; empty for all stages.

    Raises:
        InputError: There is no such target.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    with contextlib.chdir(folder), Repo(".") as repo:  # addresses are relative to the working directory
        graph = repo.index.graph
        try:
            wanted = [stage for target in targets for stage in repo.stage.collect(target)] if targets else list(graph)
        except DvcException as error:
            raise InputError(f"{folder}: {error}") from None
        waiting, steps = [stage for stage in wanted if stage.cmd], {}
        while waiting:
            stage = waiting.pop()
            if stage.addressing not in steps:
                found = [other for other in graph.successors(stage) if other.cmd]  # not files that are only tracked
                steps[stage.addressing] = Step(stage.cmd, frozenset(other.addressing for other in found))
                waiting += found
    return steps


def needed_stages(folder: Path, targets: list[str]) -> dict[str, frozenset[str]]:
    """What each stage needs, by the addresses of stages; see `needed_steps`.

    Args:
        folder: The repository or a workspace.
        targets: The addresses of stages, or paths of pipeline files; empty for all stages.
    """
    return {name: step.needs for name, step in needed_steps(folder, targets).items()}


def reproduce_side_by_side(
    folder: Path, targets: list[str], jobs: int | None = None, environment: dict[str, str] | None = None
) -> list[str]:
    """Bring stages and what they need up to date, as many at once as there are cores.

    Args:
        folder: The repository or a workspace.
        targets: The addresses of stages, or paths of pipeline files; empty for all stages.
        jobs: The number of stages to run at once; None takes `worker_count()`.
        environment: Further environment variables of the stages.

    Returns:
        The addresses of the stages in the order in which they ended.

    Raises:
        PipelineError: A stage failed. Those that ran beside it have ended first; no other was begun.
    """
    run_one = partial(_reproduce_one, folder, environment=environment or {})
    return run_in_order(needed_stages(folder, targets), run_one, jobs or worker_count())


def run_in_order(needed: dict[str, frozenset[str]], run_one: Callable[[str], None], jobs: int) -> list[str]:
    """Run each stage when all that it needs has ended, several at once.

    Args:
        needed: The names of the stages that each stage needs, by its name.
        run_one: The function that runs the stage of a name; called in a thread.
        jobs: The number of stages to run at once.

    Returns:
        The names of the stages in the order in which they ended.

    Raises:
        Exception: What `run_one` has raised first. Stages that ran beside it have ended; no other was begun.
    """
    longest = _longest_chains(needed)
    sorter = TopologicalSorter(needed)
    sorter.prepare()
    ready: list[str] = []
    running: dict[Future[None], str] = {}
    ended: list[str] = []
    failure: BaseException | None = None
    with ThreadPoolExecutor(jobs) as pool:
        while running or (sorter.is_active() and failure is None):
            if failure is None:
                ready = sorted([*ready, *sorter.get_ready()], key=lambda name: (-longest[name], name))
                while ready and len(running) < jobs:
                    name = ready.pop(0)
                    running[pool.submit(run_one, name)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                failure = failure or future.exception()
                if future.exception() is None:
                    ended.append(name)
                    sorter.done(name)
    if failure is not None:
        raise failure
    return ended


def _longest_chains(needed: dict[str, frozenset[str]]) -> dict[str, int]:
    """How many stages the longest chain has that begins with each: those that most has to wait for go first."""
    chains = dict.fromkeys(needed, 1)
    for name in reversed(list(TopologicalSorter(needed).static_order())):
        for other in needed[name]:
            chains[other] = max(chains[other], chains[name] + 1)
    return chains


def _reproduce_one(folder: Path, name: str, environment: dict[str, str]) -> None:
    arguments = ("--wait-for-lock", "repro", "--single-item", "--quiet", name)
    try:
        run_dvc(folder, *arguments, environment=ONE_CORE | environment)
    except PipelineError:
        raise PipelineError(f"stage {name} failed; what went wrong stands above. Run again to continue") from None
