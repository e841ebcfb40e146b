"""Translations of terms: dictionaries and the user's glossary."""
