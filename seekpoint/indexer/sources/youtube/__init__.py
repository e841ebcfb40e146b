"""YouTube: transcripts, details, playlists and audio."""
