"""Digests of embedded texts, by which a build finds vectors that it can reuse."""

from __future__ import annotations

import hashlib

_BYTES = 8


def text_digest(text: str) -> bytes:
    """The digest of a text. Eight bytes are enough to tell apart the texts of one resource, at most some thousands."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()[:_BYTES]
