"""Bin picking with suction: a bin is filled, photographed and emptied (`selfsup` paper, §IV-A)."""
