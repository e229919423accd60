"""Grasps with corrupted photographs: a view of a data set, which stays as it is (ours; see `world.bin.corruptions`)."""

import copy
import dataclasses

import numpy as np

from graspbook.data.grasps import GraspDataset, GraspSample
from graspbook.world.bin.corruptions import Corruptions, nudge, upset_photograph


class UpsetGrasps(GraspDataset):
    """The grasps of a data set, seen by an upset camera.

    What befalls a grasp depends on the seed, its episode and its number alone, so that a subset sees the same.
    Both photographs of a grasp are upset, each by itself; the second one may also be nudged. Masks, ids and depth
    are those of the data set.

    Args:
        grasps: with ids, as the simulated ones are.
        upsets: what happens, how often.
        seed: of the upsets.
    """

    def __init__(self, grasps: GraspDataset, upsets: Corruptions, seed: int):
        vars(self).update(vars(copy.copy(grasps)))
        self.upsets, self.seed = upsets, seed

    def __getitem__(self, index: int) -> GraspSample:
        """Read one grasp and upset it; raises InputError where an image or a mask is faulty."""
        sample = super().__getitem__(index)
        row = self.table.iloc[index]
        rng = np.random.default_rng([self.seed, row["episode"], row["index"]])
        objects = [ids > 0 for ids in self.ids(index)]
        before = upset_photograph(sample.before, objects[0], rng, self.upsets)
        after = upset_photograph(sample.after, objects[1], rng, self.upsets)
        # the camera looks down: its height over the floor turns metres into pixels
        pixels_per_metre = row["fx"] / np.reshape(row["world_from_camera"], (4, 4))[2, 3]
        return dataclasses.replace(sample, before=before, after=nudge(after, pixels_per_metre, rng, self.upsets))
