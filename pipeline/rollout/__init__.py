"""Which version is served: promote, roll back, and wait for the server."""
