"""Links to a second, a page or a sentence, made and read."""
