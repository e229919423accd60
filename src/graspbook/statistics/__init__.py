"""How sure we are: intervals, the bootstrap over groups and trainings, and a paired permutation test."""
