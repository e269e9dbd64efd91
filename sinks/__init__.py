"""OUT: everything that carries records out of the house."""
