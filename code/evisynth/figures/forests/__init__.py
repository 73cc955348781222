"""Forest plots: of rows, of results, of a declared analysis."""
