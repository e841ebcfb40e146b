"""Parsing web pages, Markdown and plain text."""
