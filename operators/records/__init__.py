"""Every record and every topic, and nothing else."""
