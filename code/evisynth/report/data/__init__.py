"""The tables behind the book: codebook, definitions, protocol, checklists, recomputations."""
