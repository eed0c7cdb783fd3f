"""Asks a pushed bundle in this process: one user, or all of them."""
