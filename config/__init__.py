"""One typed tree of settings, read once at the start."""
