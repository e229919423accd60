"""On-disk formats and loaders."""
