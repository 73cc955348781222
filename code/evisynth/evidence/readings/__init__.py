"""Sources read twice: where two readings differ, and whether the tables hold what they say."""
