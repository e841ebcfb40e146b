"""Pages of PDFs on this machine as pictures, with the places of a quote on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seekpoint.index.errors import SeekpointError
from seekpoint.query.filters import in_language
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.parameters import QuoteParameters
from seekpoint.query.web.problems import resource_of
from seekpoint.query.web.view_models import local_pdf

Drawing: TypeAlias = tuple[bytes, int, Sequence[tuple[float, float, float, float]]]
"""A page as a PNG, empty if there is none; the number of pages; boxes that mark a quote, in shares of the page."""
Draw: TypeAlias = Callable[[Path, int, str], Drawing]
"""Draws a page of a PDF, from 1, and finds a quote on it; raises SeekpointError and OSError."""

# The marks are asked for and then the picture, which has some megabytes at most.
_KEPT, _AT_ONCE, _MOST_DIGITS = 12, 2, 9
_CACHING = {"Cache-Control": "private, max-age=31536000, immutable"}


class PageDrawings:
    """Draws two pages at a time; further requests wait. Keeps the last pages while their files stay as they are."""

    def __init__(self, live: LiveLibrary, draw: Draw) -> None:
        self._live = live
        self._draw = lru_cache(_KEPT)(lambda path, version, number, quote: draw(path, number, quote))
        self._turns = CapacityLimiter(_AT_ONCE)
        self.routes = [Route("/media/{id}/page/{number}" + suffix, self.page) for suffix in (".png", "")]

    async def page(self, request: Request) -> Response:
        """The picture; or the number of pages, the marks, and the file's version for the picture's address."""
        version, (png, pages, marks) = await to_thread.run_sync(self._drawing, request, limiter=self._turns)
        if request.url.path.endswith(".png"):
            return Response(png, headers=_CACHING, media_type="image/png")
        return JSONResponse({"pages": pages, "marks": marks, "version": version})

    def _drawing(self, request: Request) -> tuple[str, Drawing]:
        """The version of the file that a request names, and the page; raises HTTPException."""
        quoted = QuoteParameters.model_validate(dict(request.query_params))
        with self._live.cache() as cache:
            resource = resource_of(cache, request.path_params["id"])
            path = local_pdf(resource) if cache.standings[resource.id].is_indexed else None
            transcript = in_language(cache.transcripts(resource.id), quoted.language) if path else None
        if path is None:
            raise HTTPException(404, "that is no PDF that is indexed here")
        quote = " ".join(cue.text for cue in transcript.cues[quoted.first : quoted.stop]) if transcript else ""
        number = request.path_params["number"]
        page = int(number) if number.isdecimal() and len(number) < _MOST_DIGITS else 0
        try:
            version = f"{path.stat().st_mtime_ns:x}-{path.stat().st_size:x}"
            drawing = self._draw(path, version, page, quote)
        except (OSError, SeekpointError) as error:
            told = error.strerror if isinstance(error, OSError) else error
            raise HTTPException(422, f"the page can't be drawn: {told}") from error
        if not drawing[0]:
            raise HTTPException(404, f"the PDF has {drawing[1]} pages")
        return version, drawing
