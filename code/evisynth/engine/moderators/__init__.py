"""Why studies differ: design matrices, meta-regression, subgroups, permutation tests."""
