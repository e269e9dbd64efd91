"""Numbers per window."""
