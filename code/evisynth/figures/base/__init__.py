"""What all figures are drawn with: style, axes, marks, and the two drawings of a page."""
