"""Reading lists to a library: the side that writes."""
