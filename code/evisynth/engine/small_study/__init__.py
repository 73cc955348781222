"""Small-study effects: funnel asymmetry, `regtest`, `ranktest`, `trimfill`."""
