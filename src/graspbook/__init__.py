"""graspbook: a reproducible replication of five papers on how a robot learns to see what it grasps."""
