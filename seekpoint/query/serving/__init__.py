"""A library that stays open for many questions."""
