"""Erasure of people from a bundle that is not built anew: the rest of it answers as before."""
