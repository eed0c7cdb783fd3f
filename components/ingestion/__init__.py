"""Reads a folder of data: which one, its files, the split, and the examples made of them."""
