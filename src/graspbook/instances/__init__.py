"""What any instance segmenter needs."""
