"""Digests of embedded texts, by which a text is known to have a vector already."""

from __future__ import annotations

import hashlib

_BYTES = 8


def text_digest(text: str) -> bytes:
    """The digest of a text; eight bytes tell apart the texts of one resource, which are some thousands."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()[:_BYTES]
