"""Caption files: finding them, parsing their formats, and extracting the spoken words."""
