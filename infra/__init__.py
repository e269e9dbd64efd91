"""What runs beside the flows: the broker, its topics, and child processes."""
