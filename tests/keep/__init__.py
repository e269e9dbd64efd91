"""The keeper of a lake killed again and again, while others write and read."""
