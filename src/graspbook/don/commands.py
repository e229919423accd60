"""Dense Object Nets, on your own pictures."""

from pathlib import Path
from typing import Annotated

import typer

from graspbook.core.errors import InputError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _group() -> None:
    """Dense Object Nets, on your own pictures."""


@app.command("find")
def find_command(
    reference: Annotated[Path, typer.Option(help="picture that shows the point")],
    point: Annotated[str, typer.Option(help="u,v: pixels from the left and from the top, from 0")],
    picture: Annotated[Path, typer.Option("--in", help="picture in which it is looked for")],
    out: Annotated[Path, typer.Option(help="folder for match.csv and match.png")],
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "don",
) -> None:
    """Find a point of one picture in another: its best match, and how close every other pixel comes."""
    import pandas as pd

    from graspbook.core.outputs import add_files
    from graspbook.data.images import write_png
    from graspbook.data.pictures import read_colour
    from graspbook.don.figures.heat import match_picture
    from graspbook.don.find import find_point
    from graspbook.pipeline.models import load
    from graspbook.reporting.tables import write_csv

    wanted = read_point(point)
    before, after = read_colour(reference), read_colour(picture)
    with add_files(out, ["match.csv", "match.png"], [reference, picture]) as folder:
        match = find_point(load(model), before, wanted, after)
        u, v = match.found
        line = {"u": wanted[0], "v": wanted[1], "found_u": u, "found_v": v, "closeness": match.closeness}
        write_csv(pd.DataFrame([line]), folder / "match.csv")
        write_png(folder / "match.png", match_picture(before, after, match))
    typer.echo(f"found at pixel ({u}, {v}), closeness {match.closeness:.3f}; pictures in {out}")


def read_point(text: str) -> tuple[float, float]:
    """Reads the option --point.

    Args:
        text: Two numbers "u,v", pixels.

    Raises:
        InputError: It is not two numbers with a comma between them.
    """
    try:
        u, v = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--point {text}: expected u,v, such as 80,60") from None
    return u, v
