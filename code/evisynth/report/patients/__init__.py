"""What is printed of patients: case mix, courses, survival."""
