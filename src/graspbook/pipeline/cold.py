"""Every stage from nothing, without DVC's books: for the profile `smoke`, whose pages compute for seconds.

For each stage, `dvc repro` starts a process that reads all pipeline files again, and that starts another one which
imports papermill: together longer than many a page takes. Here DVC says once what each stage runs and needs. Then a
few processes, which have imported papermill, carry out the commands. Nothing is kept of an earlier run, and nothing is
written down of what a stage has read and made. The clock that pages measure with ticks evenly (`ticking`), so that two
runs of the same code write the same bytes.
"""

import multiprocessing
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from graspbook.core.errors import InputError
from graspbook.core.workers import work_for, worker_count
from graspbook.pipeline import ticking
from graspbook.pipeline.dvc_command import PipelineError
from graspbook.pipeline.side_by_side import ONE_CORE, Step, run_in_order

MADE_BY_STAGES = ("reports", "artifacts", "scratch")
"""Folders of a workspace that hold nothing but what its stages have written."""


def run_cold(
    workspace: Path, steps: dict[str, Step], jobs: int | None = None, environment: dict[str, str] | None = None
) -> list[str]:
    """Run stages in a workspace that is emptied first, as many at once as there are cores.

    Args:
        workspace: The workspace of a profile; never the repository, whose reports would be lost.
        steps: The stages to run, as `needed_steps` finds them.
        jobs: The number of stages to run at once; None takes `worker_count()`.
        environment: Further environment variables of the stages.

    Returns:
        The addresses of the stages in the order in which they ended.

    Raises:
        PipelineError: A stage failed. Those that ran beside it have ended first; no other was begun.
    """
    for name in MADE_BY_STAGES:
        shutil.rmtree(workspace / name, ignore_errors=True)
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    variables = ONE_CORE | {"PATH": programs, ticking.VARIABLE: ticking.TICKING} | (environment or {})
    jobs = jobs or worker_count()
    context = multiprocessing.get_context("spawn")  # a fork would copy whatever locks other threads hold
    with ProcessPoolExecutor(jobs, context, _enter, (workspace, variables)) as pool:

        def run_one(name: str) -> None:
            if complaint := pool.submit(work_for, os.getpid(), carry_out, steps[name].command).result():
                raise PipelineError(f"stage {name} failed{complaint}")

        return run_in_order({name: step.needs for name, step in steps.items()}, run_one, jobs)


def carry_out(command: str) -> str:
    """Carry out a stage's command in the working directory: a notebook in this process, all else in a shell.

    Args:
        command: The command, as `dvc.yaml` has it.

    Returns:
        The complaint, which begins with a colon or a semicolon; "" if nothing went wrong.
    """
    words = shlex.split(command)
    if words[:2] != ["graspbook", "run-notebook"]:
        code = subprocess.run(command, shell=True, check=False).returncode
        return f": `{command}` returned {code}" if code else ""

    from graspbook.pipeline.run_notebook import read_settings, run_stage

    try:
        run_stage(Path(words[2]), Path(words[3]), read_settings(words[5::2]))
    except (InputError, OSError) as error:
        return f": {error}"
    return ""


def _enter(folder: Path, variables: dict[str, str]) -> None:
    """What a process does first: go to the workspace, and import what every stage needs."""
    os.chdir(folder)
    os.environ.update(variables)

    import papermill  # noqa: F401

    from graspbook.pipeline import run_notebook  # noqa: F401
