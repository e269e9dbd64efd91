"""Whether records can be believed."""
