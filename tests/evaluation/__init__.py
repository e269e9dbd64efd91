"""Whether what is calibrated is better than what is fixed, on real data."""
