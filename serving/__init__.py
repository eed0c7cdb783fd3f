"""Serving of a bundle: client, page and local stand-in. Imports only `transform` of ours."""
