"""Export and import: a library as one file."""
