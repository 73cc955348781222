"""Kaplan-Meier curves and the courses of single patients."""
