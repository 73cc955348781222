"""Who is counted and who is not, what they share, where the sources disagree."""
