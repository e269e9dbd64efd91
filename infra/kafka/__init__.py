"""The broker on one machine, and the topics on any broker."""
