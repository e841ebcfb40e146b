"""Measuring a library's answers to questions with known answers."""
