"""Data of a training: transformed records as arrays, and the windows cut out of them."""
