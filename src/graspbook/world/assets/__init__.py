"""What stands in the worlds: shapes, textures, items, totes."""
