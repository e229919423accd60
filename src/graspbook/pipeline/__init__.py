"""How notebooks are run, and runs are compared."""
