"""Documents that are zip archives: EPUB books, Word documents and PowerPoint slides."""
