"""Web pages and text files, as the blocks that a reader sees."""
