"""Text in every language: terms, scripts, language tags, cleaning, chapters."""
