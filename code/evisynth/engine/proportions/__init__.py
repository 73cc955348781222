"""The book's one rule for rates: `pool_proportions`, and how one study moves it."""
