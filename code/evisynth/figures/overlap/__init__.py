"""Who shares patients with whom, and what counting twice does."""
