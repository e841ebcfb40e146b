"""From reading lists to a library: resources, transcripts, chunks."""
