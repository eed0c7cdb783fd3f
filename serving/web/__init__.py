"""HTTP server of the REST API and of the page."""
