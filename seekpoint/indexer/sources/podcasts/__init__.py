"""Podcasts: feeds, transcripts, chapters and sound."""
