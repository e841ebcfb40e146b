"""From a question to hits, moments, links; as terminal text and as JSON."""
