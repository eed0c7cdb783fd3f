"""Who is told what came of a run: a webhook, Prometheus, the last line of a log."""
