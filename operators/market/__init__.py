"""Frames -> one clean stream."""
