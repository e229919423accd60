"""Configuration of the robot's experiment (§IV-G)."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, NonNegative, Positive, Replicates, Seed, configuration
from graspbook.world.jaw.config import JawConfig


@configuration
class RobotConfig:
    """Table V: which networks are asked, what the robot looks for, and what it grasps with.

    Attributes:
        seed: of references, scenes and the bootstrap.
        rows: of `trainings`, in the order of the table.
        trainings: of each row, the first so many; networks of three are kept.
        objects: the first so many known ones are looked for (the paper: 8).
        scenes: that each object is looked for in, in each setting (the paper: 1).
        turns: of each scene (§IV-G: 3).
        angle: by which each turn goes on, degrees (§IV-G: 45).
        click: the two pixels lie on the object's longer axis, so far from its middle, in parts of half its length.
        patience: so many arrangements of a scene are tried until the object can be seen and grasped.
        drop: where the surface lies deeper than the grasped point by more, the object is taken to end, metres.
        clearance: between each finger and the object before the grasp, metres.
        gripper: two jaws.
        replicates: of the bootstrap over scenes.
    """

    seed: Seed
    rows: Annotated[tuple[str, ...], MinLen(1)]
    trainings: Count
    objects: Count
    scenes: Count
    turns: Count
    angle: Annotated[float, Interval(gt=0, le=180)]
    click: Annotated[float, Interval(gt=0, lt=1)]
    patience: Count
    drop: Positive
    clearance: NonNegative
    gripper: JawConfig
    replicates: Replicates
