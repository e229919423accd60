"""Pictures of views, matches and descriptors, and the paper's colours."""
