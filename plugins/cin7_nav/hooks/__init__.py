"""I/O with the vendors and nothing else."""
