"""Which symbols deserve attention, beside all others."""
