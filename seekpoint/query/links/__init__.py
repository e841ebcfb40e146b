"""Links to a second, a page or a sentence: making and parsing them."""
