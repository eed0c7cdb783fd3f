"""Serves a pushed bundle: the local stand-in for TensorFlow Serving, a client, and a page."""
