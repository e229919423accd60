"""Tables, figures, statistics and claims."""
