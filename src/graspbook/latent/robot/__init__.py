"""The apparel-picking robot (§V-E)."""
