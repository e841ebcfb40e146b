"""PDFs, as their paragraphs, headings and references."""
