"""The `graspbook` command: run notebooks and profiles, segment your own grasps, judge claims, verify runs."""

from pathlib import Path
from typing import Annotated

import click
import typer
import yaml
from typer.core import TyperGroup

from graspbook.errors import InputError


class _Commands(TyperGroup):
    """Says what is wrong in one line, without a traceback, where input is to blame."""

    def invoke(self, context: click.Context) -> object:
        from graspbook.pipeline.dvc_command import PipelineError

        try:
            return super().invoke(context)
        except (InputError, PipelineError) as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(1) from None


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
    from graspbook.pipeline.run_notebook import run_stage

    run_stage(source, out, _settings(settings))


@app.command()
def sources() -> None:
    """Write reports/sources.yaml: a fingerprint of each notebook's code and of the code that it imports."""
    from graspbook.pipeline.root import find_root
    from graspbook.pipeline.sources import write_sources

    write_sources(find_root())


@app.command()
def index() -> None:
    """Write reports/README.md: the pages of every paper in reading order."""
    from graspbook.pipeline.index import write_index
    from graspbook.pipeline.root import find_root

    write_index(find_root())


@app.command("carry-prose")
def carry_prose_command(
    notebooks: Annotated[list[Path], typer.Argument(help="source notebooks whose Markdown cells were edited")],
) -> None:
    """Carry new prose into executed notebooks and their lock entries, if nothing else has changed."""
    from graspbook.pipeline.prose import carry_prose
    from graspbook.pipeline.root import find_root

    root = find_root()
    for notebook in notebooks:
        for carried in carry_prose(root, notebook.resolve().relative_to(root)):
            typer.echo(f"{carried.path}: {'new prose' if carried.changed else 'as it was'}")


@app.command()
def reproduce(
    profile: Annotated[str, typer.Option(help="quick or paper")] = "quick",
    paper: Annotated[str | None, typer.Option(help="only this paper's stages, such as selfsup")] = None,
) -> None:
    """Run everything, from simulation to report, at a profile, in runs/<profile>/."""
    from graspbook.pipeline import workspace
    from graspbook.pipeline.root import find_root

    workspace.reproduce(find_root(), profile, paper)


@app.command()
def verify(
    run: Annotated[Path | None, typer.Option(help="folder of the run; this repository by default")] = None,
    revision: Annotated[str, typer.Option(help="git revision to compare with")] = "HEAD",
) -> None:
    """Compare a run with the committed results, stage by stage."""
    from graspbook.pipeline.root import find_root
    from graspbook.pipeline.verify import certificate, compare_run, passed

    root = find_root()
    comparisons = compare_run(root, run or root, revision)
    typer.echo(certificate(comparisons))
    if not passed(comparisons):
        raise typer.Exit(1)


@app.command("segment-grasps")
def segment_grasps_command(
    folder: Annotated[Path, typer.Argument(help="<name>_before.png, _after.png, _cups.png; or the Parquet layout")],
    model: Annotated[Path, typer.Option(help="trained model, .safetensors")],
    out: Annotated[Path, typer.Option(help="folder for masks and scores")],
    batch_size: Annotated[int, typer.Option(min=1, help="grasps at once")] = 8,
) -> None:
    """Segment the grasped object in every grasp of a folder; say which masks to trust."""
    from graspbook.data.folder import open_grasps
    from graspbook.selfsup.grasp_segmentation.inference import segment_grasps
    from graspbook.selfsup.grasp_segmentation.model import load_grasp_segmenter

    scores = segment_grasps(load_grasp_segmenter(model), open_grasps(folder), out, batch_size=batch_size)
    kept = int(scores["kept"].sum())
    typer.echo(f"{len(scores)} grasps segmented, {kept} pass the filter; masks and scores.csv in {out}")


selfsup = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="The `selfsup` paper's method on your own images."
)
app.add_typer(selfsup, name="selfsup")


@selfsup.command("train")
def train_own_command(
    labels: Annotated[Path, typer.Option(help="COCO JSON of labelled images, which lie beside it")],
    grasps: Annotated[Path, typer.Option(help="unlabelled grasps, as for segment-grasps")],
    out: Annotated[Path, typer.Option(help="folder for the model, the objects cut out and samples")],
    model: Annotated[Path, typer.Option(help="grasp segmentation model that cuts the objects out")] = Path(
        "artifacts/selfsup/models/grasp-100.safetensors"
    ),
    height: Annotated[int, typer.Option(min=32, help="of the images learned from, pixels")] = 96,
    steps: Annotated[int, typer.Option(min=1, help="training steps")] = 1500,
    batch_size: Annotated[int, typer.Option(min=1, help="images per step")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0, help="of AdamW, at its highest")] = 6e-4,
    max_objects: Annotated[int, typer.Option(min=1, help="at most so many are pasted on an image")] = 25,
    filtered: Annotated[bool, typer.Option("--filter", help="paste only masks that the filter trusts")] = False,
    start: Annotated[
        Path | None, typer.Option(help="Mask2Former of this repository to go on from; else from ImageNet features")
    ] = None,
    seed: Annotated[int, typer.Option(help="of everything random")] = 1,
) -> None:
    """Train instance segmentation on a few labelled images and many unlabelled grasps: cut, paste, learn."""
    import torch

    from graspbook.instances.registry import load_instance_model
    from graspbook.nn.weights import load_pretrained
    from graspbook.selfsup.grasp_segmentation.model import load_grasp_segmenter
    from graspbook.selfsup.instance_segmentation.own_data import OwnDataConfig, train_on_own_data
    from graspbook.selfsup.instance_segmentation.train import SegmentTrainConfig
    from graspbook.selfsup.pasting.paste import PasteConfig

    torch.set_flush_denormal(True)
    config = OwnDataConfig(
        height=height,
        batch_size=batch_size,
        filtered=filtered,
        seed=seed,
        paste=PasteConfig(max_objects=max_objects),
        training=SegmentTrainConfig(steps=steps, learning_rate=learning_rate, seed=seed),
    )
    begun = None if start is None else load_instance_model(start)
    pretrained = load_pretrained("bundled", "mobilenet_v2") if begun is None else None
    result = train_on_own_data(labels, grasps, load_grasp_segmenter(model), out, config, pretrained, begun)
    typer.echo(
        f"{result.n_objects} objects cut out of {result.n_grasps} grasps; learned from {result.n_labelled} labelled "
        f"images; AP {result.best_ap:.1f} on {result.n_held_out} held-out ones; model and samples in {out}"
    )


@app.command()
def claims(
    reports: Annotated[Path, typer.Option(help="folder with the papers' tables")] = Path("reports"),
) -> None:
    """Judge every claim on the tables in a reports folder, and print the ledger."""
    from graspbook.papers import load_paper, slugs
    from graspbook.pipeline.params import load_params
    from graspbook.pipeline.root import find_root
    from graspbook.reporting.claims import claims_markdown, judge

    profile = load_params(find_root(reports.resolve()) / "params.yaml").profile
    typer.echo(claims_markdown({slug: judge(load_paper(slug), reports) for slug in slugs()}, profile))


@app.command("check-params")
def check_params(
    profile: Annotated[str, typer.Option(help="quick, standard or paper")] = "standard",
) -> None:
    """Check params.yaml, with a profile's file over it, and print the outcome."""
    from graspbook.pipeline.params import load_params
    from graspbook.pipeline.root import find_root

    params = load_params(find_root() / "params.yaml", profile)
    typer.echo(yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False))


def _settings(assignments: list[str]) -> dict[str, object]:
    settings = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"--set {assignment}: expected name=value")
        try:
            settings[name] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise InputError(f"--set {assignment}: the value is not YAML") from None
    return settings


if __name__ == "__main__":
    app()
