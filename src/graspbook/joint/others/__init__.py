"""The networks that the paper compares with (Tables II and III), in short versions of our own, on the same pictures."""
