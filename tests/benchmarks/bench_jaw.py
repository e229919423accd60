"""Grasps of the jaw gripper that physics verifies per second, on one core; the target is 60 (`world/jaw`)."""

from __future__ import annotations

import time

import numpy as np

from graspbook.pipeline.params import load_params
from graspbook.world.assets.catalogue import Catalogue
from graspbook.world.grippers.jaw.antipodal import antipodal_grasps
from graspbook.world.grippers.jaw.execute import GraspOutcome, Trials
from graspbook.world.table.cameras import draw_table_camera
from graspbook.world.table.cell import TableCell
from graspbook.world.table.items import draw_table_item, table_shapes
from graspbook.world.table.surface import Surface

TARGET = 60.0
"""Verified grasps per second and core."""


def main(data_dir: str = "data", n_objects: int = 20, candidates: int = 30) -> list[dict[str, str | float]]:
    """Runs the benchmark.

    Returns:
        Rows with name, value, unit and note: candidates tried per second (this is what has the target), and those
        that succeed, which alone take the whole way of closing, lifting and shaking.
    """
    settings = load_params().mlgsl.world
    shapes = table_shapes(Catalogue.load(data_dir), "validation")
    seconds = {end: 0.0 for end in GraspOutcome}
    counts = {end: 0 for end in GraspOutcome}
    for number in range(n_objects):
        rng = np.random.default_rng(number)
        with TableCell() as cell:
            cell.drop(1, draw_table_item(rng, shapes[int(rng.integers(len(shapes)))], settings.objects), rng)
            axis = draw_table_camera(rng, settings.camera).world_from_camera[:3, 2]
            grasps = antipodal_grasps(
                Surface(cell), axis, rng, max_opening=settings.gripper.max_opening, clearance=0.015
            )
            trials = Trials(cell, settings.gripper)
            for grasp in grasps[:candidates]:
                start = time.process_time()
                end = trials.attempt(grasp)
                seconds[end] += time.process_time() - start
                counts[end] += 1
    tried, good = sum(counts.values()), counts[GraspOutcome.SUCCESS]
    note = f"one core, {tried} antipodal candidates on {n_objects} objects, {good} succeed"
    rows = [("jaw grasps verified", tried / sum(seconds.values()), f"{note}, target {TARGET:g}")]
    rows.append(("jaw grasps verified, those that succeed", good / seconds[GraspOutcome.SUCCESS], note))
    return [{"name": name, "value": round(value, 1), "unit": "grasps/s", "note": text} for name, value, text in rows]
