"""Registry of pushed versions, and what is taken from it: baseline, warm start, towers."""
