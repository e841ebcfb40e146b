"""Recordings without captions: decoding their audio and transcribing it."""
