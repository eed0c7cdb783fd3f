"""MovieLens releases: their sources, hashes and terms, and their download."""
