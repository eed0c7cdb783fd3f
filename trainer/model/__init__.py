"""Two-tower model: towers, history encoders, losses."""
