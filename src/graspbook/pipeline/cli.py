"""The `graspbook` command: run notebooks and profiles, judge claims, verify runs; one group of commands per paper."""

import importlib
import io
import sys
from pathlib import Path
from typing import Annotated

import click
import typer
import yaml
from typer.core import TyperGroup

import graspbook
from graspbook.core.errors import InputError


class _Commands(TyperGroup):
    """The book's own commands and one group per paper that has a module `commands`, such as `graspbook selfsup`.

    Says what is wrong in one line, without a traceback, where input is to blame.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        return [*super().list_commands(context), *_papers_with_commands()]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _papers_with_commands():
            return super().get_command(context, name)
        group = typer.main.get_group(importlib.import_module(f"graspbook.{name}.commands").app)
        group.name = name
        return group

    def invoke(self, context: click.Context) -> object:
        from graspbook.pipeline.dvc_command import PipelineError

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a file's name may be no UTF-8
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(context)
        except (InputError, PipelineError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None
        except BrokenPipeError:  # whoever reads has had enough
            raise
        except OSError as error:  # a full disk, a folder that may not be read
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "llocat" not in str(error):  # PyTorch says so when it gets no memory
                raise
            typer.echo("error: there is not enough memory for this; try smaller pictures, or fewer at once", err=True)
            raise typer.Exit(1) from None


def _papers_with_commands() -> list[str]:
    return sorted(path.parent.name for folder in graspbook.__path__ for path in Path(folder).glob("*/commands.py"))


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)


@app.command("run-notebook")
def run_notebook_command(
    source: Annotated[Path, typer.Argument(help="notebook without outputs")],
    out: Annotated[Path, typer.Argument(help="folder for the executed notebook and for what it writes")],
    settings: Annotated[list[str], typer.Option("--set", help="further parameter, name=value (YAML)")] = [],  # noqa: B006
) -> None:
    """Execute a notebook as the stage does whose reports go to OUT, with the parameters that the stage depends on."""
    from graspbook.pipeline.run_notebook import read_settings, run_stage

    run_stage(source, out, read_settings(settings))


@app.command()
def sources() -> None:
    """Write reports/sources/: hashes of each notebook with its code, and of the parameters that stages are given."""
    from graspbook.pipeline.root import find_root
    from graspbook.pipeline.sources import write_sources

    write_sources(find_root())


@app.command()
def index() -> None:
    """Write reports/README.md: the pages of every paper in reading order."""
    from graspbook.pipeline.index import write_index
    from graspbook.pipeline.root import find_root

    write_index(find_root())


@app.command()
def readme() -> None:
    """Copy the table of papers of reports/README.md into README.md."""
    from graspbook.core.atomic import write_text
    from graspbook.pipeline.index import papers_table, with_papers
    from graspbook.pipeline.root import find_root

    root = find_root()
    write_text(root / "README.md", with_papers((root / "README.md").read_text(encoding="utf-8"), papers_table(root)))


@app.command("adopt")
def adopt_command(
    base: Annotated[str, typer.Argument(help="git revision at which the results were up to date")] = "HEAD",
    leave: Annotated[list[str], typer.Option(help="stage whose result is meant to change; may be repeated")] = [],  # noqa: B006
) -> None:
    """Keep results whose code has changed since BASE, if the old and the new code write the same bytes at `smoke`.

    Stages of which only words or names have changed need no proof: the new text reaches their executed notebooks.
    A stage to --leave is not carried over, and has to run.
    """
    from graspbook.pipeline.adopt import adopt
    from graspbook.pipeline.root import find_root

    adopt(find_root(), base, typer.echo, set(leave))


@app.command()
def reproduce(
    profile: Annotated[str, typer.Option(help="smoke, quick or paper")] = "quick",
    paper: Annotated[str | None, typer.Option(help="only this paper's stages, such as selfsup")] = None,
    stage: Annotated[list[str], typer.Option(help="only this stage, and what it needs; may be repeated")] = [],  # noqa: B006
    everything: Annotated[bool, typer.Option("--all", help="at quick: every stage, and not the tour alone")] = False,
) -> None:
    """Run the tour (a finding of each paper), a paper or everything, from simulation to report, in runs/<profile>/."""
    from graspbook.pipeline import workspace
    from graspbook.pipeline.root import find_root

    workspace.reproduce(find_root(), profile, paper, stage, everything)


@app.command("train")
def train_command(
    paper: Annotated[str, typer.Argument(help="the paper's short name, such as don")],
    row: Annotated[
        str | None, typer.Argument(help="name of the row in params/; without it, every row and seed")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="one of the row's seeds; all of them by default")] = None,
    profile: Annotated[
        str | None, typer.Option(help="smoke, quick, standard or paper; else the one that is here")
    ] = None,
) -> None:
    """Train one row of a paper, and leave it where the row's page finds it; without a row, list rows and seeds.

    Runs under `accelerate launch` and `torchrun`, too, and in an array of jobs: book/machines.md.
    """
    from graspbook.pipeline.root import find_root
    from graspbook.pipeline.train import every_training, train

    if row is None:
        for name, one in every_training(find_root(), paper, profile):
            typer.echo(f"{name} {one}")
        return
    train(find_root(), paper, row, seed, profile, typer.echo)


@app.command()
def verify(
    run: Annotated[Path | None, typer.Option(help="folder of the run; this repository by default")] = None,
    revision: Annotated[str, typer.Option(help="git revision to compare with")] = "HEAD",
    deep: Annotated[bool, typer.Option("--deep", help="also train one headline row of each paper anew")] = False,
    minutes: Annotated[float, typer.Option(help="with --deep: leave out what takes longer")] = 15.0,
) -> None:
    """Compare a run with the committed results, stage by stage; a number out of band or a contradiction fails.

    A number is in band within the 95 % interval of a second draw: that of the committed replicates, times sqrt(2).
    """
    from graspbook.pipeline.certificate import certificate
    from graspbook.pipeline.root import find_root
    from graspbook.pipeline.verify import compare_run, passed

    root = find_root()
    stages = compare_run(root, run or root, revision)
    typer.echo(certificate(stages, revision))
    well = passed(stages)
    if deep:
        from graspbook.pipeline.deep import retrain

        well = retrain(root, revision, minutes, typer.echo) and well
    if not well:
        raise typer.Exit(1)


@app.command()
def claims(
    reports: Annotated[Path | None, typer.Option(help="folder with the papers' tables; else this repository's")] = None,
) -> None:
    """Judge every claim on the tables in a reports folder, and print the ledger."""
    from graspbook.pipeline.params import load_params
    from graspbook.pipeline.root import find_root, here_or_home
    from graspbook.reporting.claims import judge_all
    from graspbook.reporting.ledger_writer import claims_markdown

    reports = here_or_home() / "reports" if reports is None else reports
    if not reports.is_dir():
        raise InputError(f"{reports}: expected a folder of reports, there is none")
    profile = load_params(find_root(reports.resolve())).profile
    typer.echo(claims_markdown(judge_all(reports), profile))


@app.command("check-params")
def check_params(
    profile: Annotated[str, typer.Option(help="smoke, quick, deep, standard or paper")] = "standard",
) -> None:
    """Check the parameters of a profile, and print all of them."""
    from graspbook.pipeline.params import load_params
    from graspbook.pipeline.root import here_or_home

    params = load_params(here_or_home(), profile)
    typer.echo(yaml.safe_dump(params.values, sort_keys=False))


if __name__ == "__main__":
    app()
