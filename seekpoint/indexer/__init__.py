"""Indexing: from reading lists to resources, transcripts, chunks and a library."""
