"""Learn to Grasp with Less Supervision, on your own depth images."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.callback()
def _group() -> None:
    """Learn to Grasp with Less Supervision, on your own depth images."""


@app.command("plan-grasps")
def plan_grasps_command(
    depth: Annotated[Path, typer.Argument(help="depth image: 16-bit PNG, TIFF or NPY; 0 and NaN are gaps")],
    intrinsics: Annotated[Path, typer.Option(help='JSON or YAML: {"fx": …, "fy": …, "cx": …, "cy": …}, or K; pixels')],
    out: Annotated[Path, typer.Option(help="folder for grasps.csv and grasps.png")],
    unit: Annotated[
        str | None,
        typer.Option(help="one step of the numbers in the image: m, cm, mm, or such as 0.1mm; else depth_scale, or mm"),
    ] = None,
    model: Annotated[str, typer.Option(help="stored model by its name, or a .safetensors file")] = "mlgsl",
    count: Annotated[int, typer.Option(min=1, help="grasps at most")] = 5,
) -> None:
    """Plan grasps for a gripper with two jaws in one depth image; best first, in pixels and in metres."""
    import pandas as pd

    from graspbook.core.outputs import add_files
    from graspbook.data.depth import read_depth_file
    from graspbook.data.images import write_png
    from graspbook.data.intrinsics import check_intrinsics, read_intrinsics
    from graspbook.mlgsl.figures.colours import BEST_COLOUR, GRASP_COLOUR
    from graspbook.mlgsl.figures.pictures import depth_picture, draw_grasps
    from graspbook.mlgsl.plan import count_faults, make_plan
    from graspbook.pipeline.models import load
    from graspbook.reporting.tables import write_csv
    from graspbook.world.table.sensor import inpaint_depth

    camera = read_intrinsics(intrinsics)
    image = read_depth_file(depth, unit or (f"{camera['depth_scale']}mm" if "depth_scale" in camera else "mm"))
    check_intrinsics(camera, str(intrinsics), image.shape)
    with add_files(out, ["grasps.csv", "grasps.png"], [depth, intrinsics]) as folder:
        plan, left_out = make_plan(load(model), image, camera, count)
        grasps = pd.DataFrame(plan)
        write_csv(grasps, folder / "grasps.csv")
        rows = grasps[["u", "v", "angle", "width_px"]].to_numpy()
        picture = draw_grasps(depth_picture(inpaint_depth(image)), rows[1:], GRASP_COLOUR)
        picture = draw_grasps(picture, rows[:1], BEST_COLOUR, thickness=2)
        write_png(folder / "grasps.png", picture)
    best = grasps.iloc[0]
    if left_out:
        typer.echo(f"{len(left_out)} more left out: {count_faults(left_out)}", err=True)
    typer.echo(
        f"{len(grasps)} grasps in {out}; the best at pixel ({best.u:.0f}, {best.v:.0f}), {best.z:.3f} m away, "
        f"opening {1000 * best.opening:.0f} mm"
    )
