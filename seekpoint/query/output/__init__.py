"""Answers and status as text, JSON and other formats."""
