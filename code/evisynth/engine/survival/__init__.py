"""Times to an event: product-limit curves, and medians read from print."""
