"""The two towers, what goes into them, and the losses."""
