"""Pieces of some ten seconds, quantised, from which windows get their vectors."""
