"""Builds: planning, running, progress and summary."""

from __future__ import annotations
