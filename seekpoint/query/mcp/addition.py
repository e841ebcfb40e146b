"""The tool `add`, by which an assistant adds an address to the library, where the user allows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

from anyio import from_thread
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from seekpoint.index.types import Section, union
from seekpoint.query.mcp.library_results import added_resources
from seekpoint.query.mcp.results import AddedResources, structured
from seekpoint.query.serving.live_library import LiveLibrary

# Seconds between two messages on the progress.
_BETWEEN = 1.0


class Adding(Protocol):
    """Adds an address to the library, telling how far it is; returns its sections, and raises SeekpointError."""

    def __call__(self, address: str, tell: Callable[[str], None], /) -> Sequence[Section]: ...


class AddTool:
    """The tool `add` for a library."""

    def __init__(self, live: LiveLibrary, adding: Adding) -> None:
        self._live = live
        self._adding = adding

    def add(
        self,
        address: Annotated[
            str,
            Field(max_length=2000, description="The address (https://) of a video, playlist, channel, page or paper."),
        ],
        context: Context,
    ) -> Annotated[CallToolResult, AddedResources]:
        entries = union(self._adding(address, _Progress(context).tell)).entries
        self._live.refresh()
        with self._live.reader() as reader:
            statuses = [status for status in reader.statuses() if status.resource.id in entries]
        return structured(added_resources(statuses))


class _Progress:
    """Progress messages to a client, from the thread that a tool runs in."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told = 0
        self._last = 0.0

    def tell(self, message: str) -> None:
        now = time.monotonic()
        if now - self._last >= _BETWEEN:
            self._last, self._told = now, self._told + 1
            from_thread.run(self._context.report_progress, self._told, None, message)
