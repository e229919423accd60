"""Self-Supervised Instance Segmentation by Grasping, on your own images.

What an option leaves out is as for Table II, from the repository's `params/selfsup.yaml`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from graspbook.core.errors import InputError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command("segment-grasps")
def segment_grasps_command(
    folder: Annotated[Path, typer.Argument(help="<name>_before.png, _after.png, _cups.png; or the Parquet layout")],
    out: Annotated[Path, typer.Option(help="folder for masks and scores")],
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "selfsup",
    batch_size: Annotated[int, typer.Option(min=1, help="grasps at once")] = 8,
) -> None:
    """Segment the grasped object in every grasp of a folder; say which masks to trust."""
    from graspbook.core.atomic import check_apart
    from graspbook.data.folder import open_grasps
    from graspbook.selfsup.grasp_segmentation.inference import segment_grasps

    check_apart(out, _file(model))
    grasps, trained = open_grasps(folder), _segmenter(model)
    scores = segment_grasps(trained.network, grasps, out, trained.settings.filter, batch_size)
    kept = int(scores["kept"].sum())
    typer.echo(f"{len(scores)} grasps segmented, {kept} pass the filter; masks and scores.csv in {out}")


@app.command("train")
def train_command(
    labels: Annotated[Path, typer.Option(help="COCO JSON of labelled images")],
    grasps: Annotated[Path, typer.Option(help="unlabelled grasps, as for segment-grasps")],
    out: Annotated[Path, typer.Option(help="folder for the model, the objects cut out and samples")],
    model: Annotated[
        str, typer.Option(help="grasp segmentation model that cuts the objects out, by its name or file")
    ] = "selfsup",
    images: Annotated[
        Path | None, typer.Option(help="folder of the labelled images; else beside the JSON file, or in `images` there")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Mask2Former of this repository to go on from; else from ImageNet features")
    ] = None,
    filtered: Annotated[bool, typer.Option("--filter", help="paste only masks that the filter trusts")] = False,
    held_out: Annotated[float, typer.Option(min=0, max=1, help="part of the images that measures progress")] = 0.2,
    height: Annotated[int | None, typer.Option(min=32, help="of the images learned from, pixels")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="training steps")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="images per step")] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="of AdamW, at its highest")] = None,
    max_objects: Annotated[int | None, typer.Option(min=1, help="at most so many are pasted on an image")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="of everything random")] = None,
) -> None:
    """Train instance segmentation on a few labelled images and many unlabelled grasps: cut, paste, learn."""
    import torch

    torch.set_flush_denormal(True)
    from graspbook.core.atomic import check_apart
    from graspbook.instances.registry import load_instance_model
    from graspbook.nn.weights import load_pretrained
    from graspbook.pipeline.models import data_folder, standard
    from graspbook.pipeline.params import check_config
    from graspbook.selfsup.instance_segmentation.config import OwnDataConfig
    from graspbook.selfsup.instance_segmentation.own_data import train_on_own_data

    paper = standard("selfsup")
    network = paper.network
    config = OwnDataConfig(
        height=height or network.height,
        held_out=held_out,
        filtered=filtered,
        filter=paper.evaluate.filter,
        pasting=_with(paper.pasting, max_objects=max_objects),
        training=_with(paper.segment, steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed),
        model=network.mask2former,
    )
    # the rows of Table II may need two images a step, one of them with a single object; here one will do
    at_least_two = replace(config.training, batch_size=max(2, config.training.batch_size))
    check_config(replace(config, training=at_least_two), "options")
    check_apart(out, start, _file(model))
    begun = None if start is None else load_instance_model(start)
    pretrained = None
    if begun is None:
        backbone = network.mask2former.backbone
        pretrained = load_pretrained(network.weights, backbone, data_folder(), network.location)
    result = train_on_own_data(labels, grasps, _segmenter(model).network, out, config, pretrained, begun, images)
    typer.echo(
        f"{result.n_objects} objects cut out of {result.n_grasps} grasps; learned from {result.n_labelled} labelled "
        f"images; AP {result.best_ap:.1f} on {result.n_held_out} held-out ones; model and samples in {out}"
    )


def _segmenter(model: str) -> Any:
    """A grasp segmentation model, by its name or file."""
    from graspbook.nn.model_file import check_model
    from graspbook.pipeline.models import load
    from graspbook.selfsup.grasp_segmentation.model import GraspSegmenter
    from graspbook.selfsup.model_file import KIND

    found = load(model)
    check_model(found, GraspSegmenter, KIND)
    return found


def _file(model: str) -> str | None:
    """The file of a model that is not named but given as one."""
    return model if model.endswith(".safetensors") else None


def _with(config: Any, **options: Any) -> Any:
    """The configuration with those options that were given."""
    try:
        return replace(config, **{name: value for name, value in options.items() if value is not None})
    except ValueError as error:
        raise InputError(str(error)) from None
