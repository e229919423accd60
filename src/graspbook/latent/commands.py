"""Several plausible answers: Latent-MaskRCNN, on your own pictures."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _group() -> None:
    """Several plausible answers: Latent-MaskRCNN, on your own pictures."""


@app.command("segment")
def segment_command(
    image: Annotated[Path, typer.Argument(help="picture to segment")],
    out: Annotated[Path, typer.Option(help="folder for masks.json and picture.png")],
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "latent",
    p: Annotated[
        float | None, typer.Option("--p", help="share of the samples that a confidence mask has to lie in")
    ] = None,
    samples: Annotated[int | None, typer.Option(help="how many answers are drawn")] = None,
    height: Annotated[
        int | None, typer.Option(help="the model sees the picture at this height, pixels; 0: as it is")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="of the codes")] = None,
) -> None:
    """Confidence masks, union masks and samples of a picture; what is left out is as the model was trained."""
    import json

    from graspbook.core.atomic import write_text
    from graspbook.core.outputs import add_files
    from graspbook.data.images import write_png
    from graspbook.data.pictures import read_colour
    from graspbook.latent.segment import as_records, picture_of, segment_instances
    from graspbook.pipeline.models import load

    picture = read_colour(image)
    with add_files(out, ["masks.json", "picture.png"], [image]) as folder:
        answer = segment_instances(load(model), picture, p, samples, len(picture) if height == 0 else height, seed)
        write_text(folder / "masks.json", json.dumps(as_records(answer), indent=1) + "\n")
        write_png(folder / "picture.png", picture_of(picture, answer))
    typer.echo(
        f"{len(answer.confidence)} confidence masks at p = {answer.p:g}, {len(answer.union)} union masks, "
        f"{sum(map(len, answer.samples)) / len(answer.samples):.1f} instances a sample; files in {out}"
    )
