"""Videos of other sites than YouTube, by yt-dlp."""
