"""Builds: planning, running, progress and summary."""
