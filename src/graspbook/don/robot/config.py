"""Configuration of the robot's experiment (§IV-G)."""

from typing import Annotated

from annotated_types import Interval, MinLen

from graspbook.core.configuration import Count, NonNegative, Positive, Replicates, Seed, configuration
from graspbook.world.grippers.jaw.config import JawConfig


@configuration
class RobotConfig:
    """Table V: which networks are asked, what the robot looks for, and what it grasps with.

    Attributes:
        seed: Seed of the references, the scenes and the bootstrap.
        rows: Names of the rows of `trainings` to test, in the order of the table.
        trainings: Trainings of each row to test, the first ones; networks of three are kept.
        objects: Number of objects to look for, the first known ones (the paper: 8).
        scenes: Scenes for each object in each setting (the paper: 1).
        turns: Turns of each scene about the vertical (§IV-G: 3).
        angle: Angle between successive turns, degrees (§IV-G: 45).
        click: Distance of the two clicked pixels from the object's middle along its longer axis, as a share of half its
            length, 0..1.
        patience: Largest number of arrangements tried until the object can be seen and grasped.
        drop: Depth below the grasped point at which the object is taken to end, metres.
        clearance: Gap between each finger and the object before the grasp, metres.
        gripper: Dimensions and forces of the two-jaw gripper.
        replicates: Bootstrap replicates over scenes.
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
