"""The bundle: query model, candidate index, fallback and signatures in one SavedModel."""
