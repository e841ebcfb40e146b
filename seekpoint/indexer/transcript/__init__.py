"""Transcripts: cues, chunks, language and embedding."""
