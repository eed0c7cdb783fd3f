"""What the query tower makes of a history: one module an encoder."""
