"""Networks and weights that more than one paper uses."""
