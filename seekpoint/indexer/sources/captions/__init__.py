"""Caption files: which there are, their formats, and what is spoken in them."""
