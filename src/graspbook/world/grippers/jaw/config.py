"""Configuration of the gripper with two parallel jaws."""

from graspbook.core.configuration import NonNegative, Positive, configuration


@configuration
class JawConfig:
    """Geometry and strength of the gripper, and how it is moved.

    Attributes:
        max_opening: The largest distance between the fingers' inner faces, metres.
        finger_thickness: The size of a finger along the closing direction, metres.
        finger_width: The size of a finger across the closing direction, metres.
        finger_length: The length of the fingers from the tips to the palm, metres.
        pad: The height of the pads at the fingers' ends, metres; the tool's centre is in their middle.
        depth: How far beyond the surface point the tool's centre goes along the camera's axis, metres (§V: 1 cm).
        force: The largest force with which each finger closes, newtons.
        friction: The coefficient of the fingers' lateral friction; Bullet multiplies it by the object's.
        lift: How far the gripper is withdrawn, metres.
        shake: The largest acceleration of the shaking, across the closing direction, m/s^2.

    Raises:
        ValueError: If the pads are no shorter than the fingers.
    """

    max_opening: Positive
    finger_thickness: Positive
    finger_width: Positive
    finger_length: Positive
    pad: Positive
    depth: NonNegative
    force: Positive
    friction: Positive
    lift: Positive
    shake: NonNegative

    def __post_init__(self) -> None:
        if self.pad >= self.finger_length:
            raise ValueError(f"pad is {self.pad}, no shorter than finger_length, {self.finger_length}")
