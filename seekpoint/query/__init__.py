"""From a question to moments, and to links, text, JSON, pages."""
