"""Independent stages of a pipeline at once, each on a core of its own.

`dvc repro` runs one stage after another. Here DVC says what depends on what; then every stage whose turn has come is
handed to a `dvc repro --single-item` of its own. Every stage computes with one thread and one worker, so that the
bytes that come out do not depend on how many run beside each other.
"""

import contextlib
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from graspbook.pipeline.dvc_command import PipelineError, run_dvc
from graspbook.workers import VARIABLE, worker_count

ONE_CORE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", VARIABLE: "1"}
"""What holds a stage to one core."""


def needed_stages(folder: Path, targets: list[str]) -> dict[str, set[str]]:
    """What each stage needs, by the addresses of stages.

    Args:
        folder: The repository or a workspace.
        targets: Addresses of stages or paths of pipeline files; with what they need, they are what counts. Empty: all.
    """
    from dvc.repo import Repo

    with contextlib.chdir(folder), Repo(".") as repo:  # addresses are relative to the working directory
        graph = repo.index.graph
        wanted = [stage for target in targets for stage in repo.stage.collect(target)] if targets else list(graph)
        waiting, needed = [stage for stage in wanted if stage.cmd], {}
        while waiting:
            stage = waiting.pop()
            if stage.addressing not in needed:
                found = [other for other in graph.successors(stage) if other.cmd]  # not files that are only tracked
                needed[stage.addressing] = {other.addressing for other in found}
                waiting += found
    return needed


def reproduce_side_by_side(
    folder: Path, targets: list[str], jobs: int | None = None, environment: dict[str, str] | None = None
) -> list[str]:
    """Bring stages and what they need up to date, as many at once as there are cores.

    Args:
        folder: The repository or a workspace.
        targets: See `needed_stages`.
        jobs: How many at once; by default `worker_count()`.
        environment: Further environment variables of the stages.

    Returns:
        The addresses of the stages in the order in which they ended.

    Raises:
        PipelineError: A stage failed. Those that ran beside it have ended first; no other was begun.
    """
    jobs = jobs or worker_count()
    needed = needed_stages(folder, targets)
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
                    running[pool.submit(_reproduce_one, folder, name, environment or {})] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                failure = failure or future.exception()
                if future.exception() is None:
                    ended.append(name)
                    sorter.done(name)
    if failure is not None:
        raise failure
    return ended


def _longest_chains(needed: dict[str, set[str]]) -> dict[str, int]:
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
