"""Inpainting pasted outlines (§III-B.3)."""
