"""The data sets `objects` and `aisle`, which stand for COCO and Cityscapes (§V-A), and real ones in COCO's layout."""
