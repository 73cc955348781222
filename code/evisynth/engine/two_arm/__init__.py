"""Comparisons within studies: Mantel-Haenszel, Peto and inverse variance."""
