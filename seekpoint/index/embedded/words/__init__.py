"""The lexical index: posting lists in segments."""
