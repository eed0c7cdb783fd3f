"""Transformed records as arrays, and the windows that training sees of them."""
