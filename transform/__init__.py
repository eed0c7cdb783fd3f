"""What a feature is: names, schemas and preprocessing. Imports nothing else of this project."""
