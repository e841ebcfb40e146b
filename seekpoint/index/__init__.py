"""What is stored, and the vocabulary. Imports neither the indexer nor the query side."""
