"""Numbers and results as words, cells and HTML, below figures and tables alike."""
