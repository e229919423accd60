"""Registered claims: how they are judged, and how the verdicts are shown."""
