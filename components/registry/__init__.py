"""What was pushed, what is served, and what is taken from there: baseline, warm start, towers."""
