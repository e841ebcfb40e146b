"""Which schema a library's database has, and from which one on things lie where they do."""

from __future__ import annotations

APPLICATION_ID = 0x7365656B
"""`seek` in ASCII: tells our databases from other programs'."""

SCHEMA_VERSION = 11

FIRST_WITH_SEGMENTS = 8
"""The schema from which on words and vectors lie in segments."""

FIRST_WITH_BLOCKS = 9
"""The schema from which on cues and pieces lie in blocks."""

FIRST_WITH_SCANS = 10
"""The schema from which on all of a vector file is looked at. Earlier ones aren't read any more, but written anew."""
