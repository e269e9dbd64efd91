"""Numbers only: no records, no symbols."""
