"""A gripper with two parallel jaws, whose grasps are carried out in physics."""
