"""Boxes, numbers for the prose, how to cite."""
