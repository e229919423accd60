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
    import pandas as pd

    from graspbook.core.notices import shown
    from graspbook.core.outputs import add_files
    from graspbook.data.images import write_png
    from graspbook.joint.figures.pictures import result_picture
    from graspbook.joint.frames import read_frames
    from graspbook.joint.scene import check_scene, segment_scene
    from graspbook.pipeline.models import load
    from graspbook.reporting.tables import write_csv

    trained, lines = load(model), []
    frames = read_frames(source, lambda picture: check_scene(trained, picture))
    names = [*(f"{name}.png" for name in frames.names), "times.csv"]
    with add_files(out, names, [source, *(source / name for name in names)]) as folder:
        for name, picture in frames:
            segmented = segment_scene(trained, picture)
            write_png(folder / f"{name}.png", result_picture(picture, segmented.classes, segmented.instances.ids))
            found = {"picture": shown(name), "instances": len(segmented.instances.classes)}
            lines.append(found | segmented.milliseconds)
        times = pd.DataFrame(lines)
        write_csv(times, folder / "times.csv")
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
    from graspbook.core.memory import check_memory
    from graspbook.core.outputs import add_files
    from graspbook.joint.export import check_name, save_program
    from graspbook.joint.model_file import FILES
    from graspbook.joint.network import JointNetwork
    from graspbook.joint.scene import BYTES
    from graspbook.nn.model_file import check_model
    from graspbook.pipeline.models import load

    check_name(out)
    trained = load(model)
    check_model(trained, JointNetwork, FILES.kind)
    height, width = height or trained.settings.height, width or trained.settings.width
    check_memory(BYTES * height * width, f"a program for pictures of {width}x{height} pixels")
    with add_files(out.parent, [out.name]) as folder:
        save_program(trained.network, height, width, folder / out.name)
    typer.echo(f"{out}: the network for pictures of {width}x{height}")
