"""The paper "Efficient and Robust Training of Dense Object Nets for Multi-Object Robot Manipulation"."""
