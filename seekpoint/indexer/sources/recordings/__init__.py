"""Recordings without captions: their sound, and what is said in it."""
