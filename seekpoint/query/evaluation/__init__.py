"""Evaluation: questions with known answers asked of a library, judged, summarised and compared between two runs."""
