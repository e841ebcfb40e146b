"""Where sentences end, in every script."""

from __future__ import annotations

SENTENCE_END = r"""[.!?…][)\]"'”’»]*(?=\s)|[。！？｡．।؟۔።။…]+[」』”’）》]*"""
"""A pattern for the marks that end a sentence and what closes after them; not for those that end the text."""
