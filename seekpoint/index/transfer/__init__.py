"""Export and import of a library as one file."""
