"""The data set `apparel`, which stands for Apparel-5k (§V-A)."""
