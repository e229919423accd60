"""Recorded scenes (§III, §IV-B): known objects on a table, seen by a camera on the robot's wrist."""
