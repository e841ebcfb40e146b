"""Answers and the status of a library as text, JSON and other formats: a module for each format."""
