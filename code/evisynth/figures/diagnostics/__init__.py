"""Funnel, Baujat and GOSH plots."""
