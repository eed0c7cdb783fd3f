"""Rollout of versions: promotion, rollback, and waiting for the server."""
