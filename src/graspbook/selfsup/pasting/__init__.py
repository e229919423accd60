"""Collecting object masks, cut and paste (§III-B.1, §III-B.2)."""
