"""Which nuisance breaks which method: one dial of the world at a time (tests the explanations of §IV-C).

The starting point is a calm world: matt walls, light that never changes, neighbours held still, every object with
its own label. From there each dial is turned alone, from off to strong, and the same episodes are picked again. What
rises then is caused by that dial and by nothing else.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from graspbook.core.atomic import new_file
from graspbook.core.fingerprint import fingerprint
from graspbook.core.locks import scratch
from graspbook.core.progress import progress
from graspbook.data.grasps import GraspDataset
from graspbook.world.bin.collect import GraspEpisodes, collect
from graspbook.world.bin.segmenter import NoisySegmenter
from graspbook.world.config import DIAL_RANGES, Dials, WorldConfig

CALM = {"wall_reflectance": 0.0, "light_flicker": 0.0, "neighbour_movement": 0.0, "texture_similarity": 0.0}
"""The nuisances that are off unless it is their turn; clutter, piling and shadows stay as they are by default."""

Measure = Callable[[GraspDataset], dict[str, pd.DataFrame]]


def levels_of(dial: str, count: int) -> list[float]:
    """`count` settings of a dial, evenly spread over its range, the first and the last included."""
    values = DIAL_RANGES[dial]
    return [values[round(k * (len(values) - 1) / (count - 1))] for k in range(count)]


def settings(world: WorldConfig, levels: int) -> list[tuple[str, float, WorldConfig]]:
    """All worlds to visit: (dial, level, configuration), the configuration's other dials calm."""
    calm = dataclasses.replace(world.dials, **CALM)
    return [
        (dial, level, dataclasses.replace(world, dials=dataclasses.replace(calm, **{dial: level})))
        for dial in (field.name for field in dataclasses.fields(Dials))
        for level in levels_of(dial, levels)
    ]


def turn_dials(
    world: WorldConfig,
    levels: int,
    n_grasps: int,
    seed: int,
    measure: Measure,
    measure_key: str,
    workers: int | None = None,
    scratch_dir: Path = Path("scratch"),
) -> pd.DataFrame:
    """Pick test objects in every world and measure every method there.

    Resumes: what is measured in one world is stored in `scratch_dir` until all worlds are done.

    Args:
        world: gives the size and the default dials.
        levels: settings per dial, 2 to 5.
        n_grasps: successful grasps per setting.
        seed: the same for all settings, so that all start from the same bins.
        measure: takes successful grasps, returns for each method one row per grasp (iou, error, kept).
        measure_key: fingerprint of `measure`, of its code, settings and weights; stored results under another name
            are not used.
        workers: processes, `worker_count` by default; the result does not depend on it.
        scratch_dir: ignored folder.

    Returns:
        Columns dial, level, method, episode, iou, error, kept: one row per setting, method and grasp.
    """
    visits, parts, stored = settings(world, levels), [], []
    for dial, level, config in progress(visits, "turning dials", len(visits), unit="world"):
        episodes = GraspEpisodes("test", seed, config, NoisySegmenter(), str(Path("data").resolve()))
        path = scratch_dir / f"dials-{fingerprint([episodes.key(), n_grasps, measure_key], _visit)}.parquet"
        if not path.exists():
            _visit(episodes, n_grasps, measure, workers, scratch_dir, path)
        stored.append(path)
        parts.append(pd.read_parquet(path).assign(dial=dial, level=level))
    for path in set(stored):
        path.unlink(missing_ok=True)
    return pd.concat(parts, ignore_index=True)[["dial", "level", "method", "episode", "iou", "error", "kept"]]


def _visit(
    world: GraspEpisodes, n_grasps: int, measure: Measure, workers: int | None, scratch_dir: Path, path: Path
) -> None:
    with scratch(path.with_suffix("")) as folder:
        out = folder / "grasps"
        collect(out, world.split, n_grasps, world.seed, world.config, world.segmenter, workers, scratch_dir=scratch_dir)
        grasps = GraspDataset(out).successful()
        episodes = grasps.table["episode"].to_numpy()
        frames = [frame.assign(method=method, episode=episodes) for method, frame in measure(grasps).items()]
        with new_file(path) as partial:
            pd.concat(frames, ignore_index=True).to_parquet(partial, index=False)
