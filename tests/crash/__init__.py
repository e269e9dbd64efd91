"""Everything is killed again and again, and the lake is what it would have been."""
