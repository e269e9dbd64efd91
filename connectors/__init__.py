"""IN: everything that brings frames and records into the house."""
