"""What may arrive, and what stops the run when something else does."""
