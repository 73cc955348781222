"""How much an answer moves: specification curves, leave-one-out, shrinkage."""
