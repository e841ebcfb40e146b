"""A build: plan, run, progress, summary."""
