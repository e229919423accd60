"""Totes of soft polybags that look alike, some of which may be one or two (`latent` paper, §V-A)."""
