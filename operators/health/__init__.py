"""Whether lines and connections are alive, and fast."""
