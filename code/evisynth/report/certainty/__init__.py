"""Risk of bias, certainty, sensitivity, published results beside ours."""
