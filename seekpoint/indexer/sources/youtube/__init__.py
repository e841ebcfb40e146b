"""YouTube: transcripts, details and playlists."""
