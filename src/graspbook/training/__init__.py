"""How every paper trains: one loop, checkpoints, schedules, fingerprints."""
