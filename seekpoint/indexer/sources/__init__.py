"""Sources of transcripts: YouTube, caption files, pages, papers and recordings."""
