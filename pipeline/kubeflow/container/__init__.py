"""What runs inside a container: one component of the compiled pipeline."""
