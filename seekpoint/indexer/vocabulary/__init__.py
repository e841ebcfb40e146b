"""Bilingual vocabulary: dictionaries, our own lists of terms, and the user's glossary."""
