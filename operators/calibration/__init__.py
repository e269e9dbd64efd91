"""Slow, per-symbol fits: what is normal for a symbol, and how far that is known."""
