"""Transcripts: cues, chunks, their language, and embedding them."""
