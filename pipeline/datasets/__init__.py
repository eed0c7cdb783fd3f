"""MovieLens releases: where they come from, and how they are fetched."""
