"""Inference with a pushed bundle in this process: single requests, and batches of all users."""
