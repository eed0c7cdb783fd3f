"""The two-tower model: configuration, towers, training and export."""
