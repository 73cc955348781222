"""Figures of the book as a whole."""
