"""Pages of a book, read as text: their prose, their code, and what must not stand in them."""
