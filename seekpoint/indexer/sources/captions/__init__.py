"""Caption files: finding them, parsing their formats, and extracting what is spoken."""
