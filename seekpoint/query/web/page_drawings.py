"""Pages of PDFs on this machine as pictures, with the places of a quote on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seekpoint.index.errors import SeekpointError
from seekpoint.query.filters import in_language
from seekpoint.query.web import view_models
from seekpoint.query.web.parameters import QuoteParameters
from seekpoint.query.web.problems import resource_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCaches

# A page with its marks is asked for and then its picture; a large picture has some megabytes.
_KEPT = 12
_AT_ONCE = 2
_MOST_CUES = 200
_CACHING = {"Cache-Control": "private, max-age=31536000, immutable"}


class Drawing(NamedTuple):
    """A page as a PNG, empty if there is no such page; the number of pages, and the marks of a quote.

    A mark is a box: left, top, width and height, as shares of the page.
    """

    picture: bytes
    pages: int
    marks: Sequence[tuple[float, float, float, float]]


Draw: TypeAlias = Callable[[Path, int, str], Drawing]
"""Draws a page of a PDF, from 1, and finds a quote on it; raises SeekpointError and OSError."""


class PageDrawings:
    """Draws two pages at a time; the others wait. Keeps the last ones as long as their file stays as it is."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches, draw: Draw) -> None:
        self._live = live
        self._caches = caches
        self._draw = lru_cache(_KEPT)(lambda path, stamp, number, quote: draw(path, number, quote))
        self._limiter = CapacityLimiter(_AT_ONCE)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/media/{id}/page/{number:int}", self.page),
            Route("/media/{id}/page/{number:int}.png", self.picture),
        ]

    async def page(self, request: Request) -> JSONResponse:
        """The number of pages, the marks, and the file's version, which is a part of the picture's address."""
        drawing, stamp = await to_thread.run_sync(self._drawing, request, limiter=self._limiter)
        return JSONResponse({"pages": drawing.pages, "marks": drawing.marks, "version": stamp})

    async def picture(self, request: Request) -> Response:
        drawing, _ = await to_thread.run_sync(self._drawing, request, limiter=self._limiter)
        return Response(drawing.picture, headers=_CACHING, media_type="image/png")

    def _drawing(self, request: Request) -> tuple[Drawing, str]:
        """The page that a request names and the version of its file; raises HTTPException."""
        quoted = QuoteParameters.model_validate(dict(request.query_params))
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = resource_of(cache, request.path_params["id"])
            path = view_models.local_pdf(resource) if cache.standings[resource.id].is_indexed else None
            transcript = in_language(cache.transcripts(resource.id), quoted.language) if path else None
        if path is None:
            raise HTTPException(404, "that is no PDF that is indexed here")
        cues = transcript.cues[quoted.first : min(quoted.stop, quoted.first + _MOST_CUES)] if transcript else ()
        quote = " ".join(cue.text for cue in cues)
        try:
            status = path.stat()
            stamp = f"{status.st_mtime_ns:x}-{status.st_size:x}"
            drawing = self._draw(path, stamp, request.path_params["number"], quote)
        except OSError as error:
            raise HTTPException(404, f"the file can't be read: {error.strerror}") from error
        except SeekpointError as error:
            raise HTTPException(422, f"the page can't be drawn: {error}") from error
        if not drawing.picture:
            raise HTTPException(404, f"the PDF has {drawing.pages} pages")
        return drawing, stamp
