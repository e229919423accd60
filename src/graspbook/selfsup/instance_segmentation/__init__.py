"""Instance segmentation (§III-B.4, §V)."""
