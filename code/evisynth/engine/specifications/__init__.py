"""Every defensible analysis at once: `multiverse` over data sets and methods."""
