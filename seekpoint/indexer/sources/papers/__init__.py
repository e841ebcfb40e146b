"""Parsing PDFs into paragraphs, headings and references."""
