"""Fast instance and semantic segmentation, on your own pictures."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _group() -> None:
    """Fast instance and semantic segmentation, on your own pictures."""


@app.command("segment")
def segment_command(
    source: Annotated[Path, typer.Argument(help="folder with pictures, a picture, or a video")],
    out: Annotated[Path, typer.Option(help="folder for one overlay per picture, and times.csv")],
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "joint",
) -> None:
    """Draw classes and instances into each picture of a folder or video, and say how many it makes in a second."""
    import cv2
    import pandas as pd

    from graspbook.core.atomic import write_bytes
    from graspbook.joint.figures.pictures import result_picture
    from graspbook.joint.frames import read_frames
    from graspbook.joint.scene import segment_scene
    from graspbook.pipeline.models import load
    from graspbook.reporting.tables import write_csv

    trained, lines = load(model), []
    for name, picture in read_frames(source):
        segmented = segment_scene(trained, picture)
        drawn = result_picture(picture, segmented.classes, segmented.instances.ids)
        write_bytes(out / f"{name}.png", cv2.imencode(".png", drawn[..., ::-1])[1].tobytes())
        lines.append({"picture": name, "instances": len(segmented.instances.classes)} | segmented.milliseconds)
    times = pd.DataFrame(lines)
    write_csv(times, out / "times.csv")
    parts = times[["superpixels", "network", "clustering"]].iloc[min(1, len(times) - 1) :].mean()  # the first warms up
    timing = ", ".join(f"{name} {value:.0f} ms" for name, value in parts.items())
    typer.echo(f"{len(times)} pictures in {out}; {1e3 / parts.sum():.1f} FPS ({timing})")


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Option(help="file to write: .pt2 (PyTorch) or .onnx")],
    height: Annotated[int | None, typer.Option(min=32, help="of the pictures; else that of training")] = None,
    width: Annotated[int | None, typer.Option(min=32, help="of the pictures; else that of training")] = None,
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "joint",
) -> None:
    """Write a network as a program of its own, for pictures of one size."""
    from graspbook.joint.export import save_program
    from graspbook.joint.model_file import FILES
    from graspbook.joint.network import JointNetwork
    from graspbook.nn.model_file import check_model
    from graspbook.pipeline.models import load

    trained = load(model)
    check_model(trained, JointNetwork, FILES.kind)
    height, width = height or trained.settings.height, width or trained.settings.width
    save_program(trained.network, height, width, out)
    typer.echo(f"{out}: the network for pictures of {width}x{height}")
