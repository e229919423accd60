"""Fast instance and semantic segmentation, on your own pictures."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

MODEL = Path("artifacts/joint/network.safetensors")
CHOSEN = Path("reports/joint/results/chosen.json")


@app.callback()
def _group() -> None:
    """Fast instance and semantic segmentation, on your own pictures."""


@app.command("segment")
def segment_command(
    source: Annotated[Path, typer.Argument(help="folder with pictures, a picture, or a video")],
    out: Annotated[Path, typer.Option(help="folder for one overlay per picture, and times.csv")],
    model: Annotated[Path, typer.Option(help="trained network, .safetensors")] = MODEL,
) -> None:
    """Draw classes and instances into each picture of a folder or video, and say how many it makes in a second."""
    import cv2
    import pandas as pd

    from graspbook.core.atomic import write_bytes
    from graspbook.joint.figures.pictures import result_picture
    from graspbook.joint.frames import read_frames
    from graspbook.joint.model_file import load_network
    from graspbook.joint.segment import segment
    from graspbook.reporting.tables import write_csv

    network = load_network(model).network
    clustering, compactness = settings_of("all-to-all" if network.centre is None else "centres")
    lines = []
    for name, picture in read_frames(source):
        said = segment(network, picture, clustering, compactness)
        drawn = result_picture(picture, said.classes, said.instances.ids)
        write_bytes(out / f"{name}.png", cv2.imencode(".png", drawn[..., ::-1])[1].tobytes())
        lines.append({"picture": name, "instances": len(said.instances.classes)} | said.milliseconds)
    times = pd.DataFrame(lines)
    write_csv(times, out / "times.csv")
    parts = times[["superpixels", "network", "clustering"]].iloc[min(1, len(times) - 1) :].mean()  # the first warms up
    said = ", ".join(f"{name} {value:.0f} ms" for name, value in parts.items())
    typer.echo(f"{len(times)} pictures in {out}; {1e3 / parts.sum():.1f} FPS ({said})")


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Option(help="file to write: .pt2 (PyTorch) or .onnx")],
    height: Annotated[int, typer.Option(min=32, help="of the pictures")] = 512,
    width: Annotated[int, typer.Option(min=32, help="of the pictures")] = 1024,
    model: Annotated[Path, typer.Option(help="trained network, .safetensors")] = MODEL,
) -> None:
    """Write a network as a program of its own, for pictures of one size."""
    from graspbook.joint.export import save_program
    from graspbook.joint.model_file import load_network

    save_program(load_network(model).network, height, width, out)
    typer.echo(f"{out}: the network for pictures of {width}x{height}")


def settings_of(method: str) -> tuple:
    """Settings of a clustering method, and the compactness: those chosen on validation pictures, else the paper's.

    Args:
        method: Clustering method: "centres" or "all-to-all".
    """
    from graspbook.joint.choice import read_chosen
    from graspbook.pipeline.params import load_params
    from graspbook.pipeline.root import find_root

    root = find_root()
    joint = load_params(root, "standard").joint
    found = root / CHOSEN
    clustering = read_chosen(found)[method] if found.is_file() else joint.clustering
    return clustering, joint.superpixels.compactness
