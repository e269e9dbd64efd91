"""WIRING: one file, one diagram, one process; the CLI."""
