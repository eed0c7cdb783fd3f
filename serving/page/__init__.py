"""A page to look at what is served: search, recommendations and why, similar movies, a map."""
