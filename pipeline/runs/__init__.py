"""Runs the graph on this machine, and keeps what came of it."""
