"""What is listed and who tells it: trials by age, searches as flows, reports by document."""
