"""A report of one run that a person reads: one HTML file that needs nothing else."""
