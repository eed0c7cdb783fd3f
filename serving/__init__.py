"""What serves a bundle, and what asks it. Imports nothing of this project but transform."""
