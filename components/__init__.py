"""TFX components of our own; they meet the trainer through artifacts only."""
