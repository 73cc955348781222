"""Evidence synthesis in which a cohort is counted once."""
