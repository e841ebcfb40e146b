"""The search: candidates, scores, windows, moments."""
