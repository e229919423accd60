"""Several plausible answers: Latent-MaskRCNN, on your own pictures."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

MODEL = Path("artifacts/latent/model.safetensors")


@app.callback()
def _group() -> None:
    """Several plausible answers: Latent-MaskRCNN, on your own pictures."""


@app.command("segment")
def segment_command(
    image: Annotated[Path, typer.Argument(help="picture to segment")],
    out: Annotated[Path, typer.Option(help="folder for masks.json and picture.png")],
    model: Annotated[Path, typer.Option(help="trained model with a latent code, .safetensors")] = MODEL,
    p: Annotated[float, typer.Option("--p", help="share of the samples that a confidence mask has to lie in")] = 0.9,
    samples: Annotated[int, typer.Option(help="how many answers are drawn")] = 10,
    height: Annotated[int, typer.Option(help="the model sees the picture at this height, pixels; 0: as it is")] = 96,
    seed: Annotated[int, typer.Option(help="of the codes")] = 1,
) -> None:
    """Confidence masks, union masks and samples of a picture."""
    import json

    import cv2

    from graspbook.core.atomic import write_bytes, write_text
    from graspbook.data.pictures import read_colour
    from graspbook.latent.model_file import load_model
    from graspbook.latent.segment import as_records, picture_of, segment

    picture = read_colour(image)
    answer = segment(load_model(model), picture, p, samples, height or None, seed)
    write_text(out / "masks.json", json.dumps(as_records(answer), indent=1) + "\n")
    drawn = picture_of(picture, answer)
    write_bytes(out / "picture.png", cv2.imencode(".png", drawn[..., ::-1])[1].tobytes())
    typer.echo(
        f"{len(answer.confident)} confidence masks at p = {p:g}, {len(answer.union)} union masks, "
        f"{sum(map(len, answer.samples)) / samples:.1f} instances a sample; files in {out}"
    )
