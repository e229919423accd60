"""The nine-cup gripper of the `latent` paper (§V-E): three rows of three.

The paper prints neither layout nor size. A cup seals as one of the five-cup gripper does (`seal.press`), on the same
rubber; the planner is the same, too, with more cups: as many as possible are to land on what is believed to be one
item.
"""

import numpy as np

from graspbook.world.grippers.suction.gripper import SuctionGripper
from graspbook.world.grippers.suction.seal import probes_of

SPREAD = 0.034
"""Distance of neighbouring cups, metres."""
GRID = SPREAD * np.array([(x, y, 0) for y in (-1, 0, 1) for x in (-1, 0, 1)], float)
"""Cup centres in the tool's frame [9, 3], metres; the fifth is the middle one."""
PROBES = probes_of(GRID)
"""Where rays start, in the tool's frame [9, N_RIM + 1, 3], metres: each cup's lip, then its centre."""


class NineCups(SuctionGripper):
    """Plans poses of the nine-cup gripper; see `SuctionGripper`."""

    probes = PROBES
