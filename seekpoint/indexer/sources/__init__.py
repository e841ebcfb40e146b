"""Sources of transcripts: YouTube, podcasts, caption files, pages, papers and recordings."""
