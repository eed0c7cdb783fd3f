"""Web page of a served bundle: search, explained recommendations, similar movies, a map."""
