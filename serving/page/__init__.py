"""Web page of a served bundle: search, explained recommendations, similar items, a map."""
