"""Pages, papers and documents: from the web or from disk, read, and made into transcripts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Origin, Resource, State
from seekpoint.indexer.reading_list.addresses import local_path
from seekpoint.indexer.sources.fetch_result import Fetched
from seekpoint.indexer.sources.page_version import Look, digest_of
from seekpoint.indexer.sources.sandbox import Form, Reader
from seekpoint.indexer.transcript.blocks import Text
from seekpoint.indexer.transcript.text_timeline import transcript_of

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.polite import Retrieval, Retrieved

_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/(.+)")
_PDF_HEADER = b"%PDF-"
# Other bytes may stand before it.
_PDF_BEGINNING = 1024


class Texts:
    """Reads what has words of its own; use it as a context manager. It may fetch and read at the same time."""

    def __init__(self, retrieval: Retrieval) -> None:
        self._retrieval = retrieval
        self._reader = Reader()
        self._reading = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def read(self, resource: Resource) -> Fetched:
        """Read a local file; raises Unfetched."""
        path = local_path(resource.url)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Unfetched(State.UNAVAILABLE, f"{path} can't be read: {error.strerror}") from error
        fetched = _fetched(self._text(data, _media_type(path), None, resource.kind), Origin.LOCAL)
        return replace(fetched, details=replace(fetched.details, title=fetched.details.title or clean(path.stem)))

    def fetch(self, resource: Resource, now: float, earlier: Look | None = None) -> Fetched:
        """Fetch an address and read it, `now` in Unix seconds; without transcripts where it is as it was.

        Raises Unfetched.
        """
        from seekpoint.indexer.fetch.polite import Seen

        seen = Seen(earlier.etag, earlier.modified) if earlier else None
        answer = self._retrieval.get(_ARXIV_ABSTRACT.sub(r"https://arxiv.org/pdf/\1", resource.url), seen)
        if answer is None:
            assert earlier  # without an earlier answer nobody asks whether it changed
            return Fetched((), inputs=replace(earlier, at=now).inputs)
        text = self._text(answer.data, answer.content_type, answer.charset, resource.kind)
        fetched = _fetched(text, Origin.MANUAL)
        look = _look(answer, fetched, now)
        unchanged = earlier is not None and earlier.digest == look.digest
        return replace(fetched, transcripts=() if unchanged else fetched.transcripts, inputs=look.inputs)

    def _text(self, data: bytes, media_type: str, charset: str | None, kind: Kind) -> Text:
        if _PDF_HEADER in data[:_PDF_BEGINNING]:
            return self._read(Form.PDF, data)
        if kind is Kind.PAPER:
            raise Unfetched(State.UNAVAILABLE, "not a PDF, whatever its name says: give the address of the PDF itself")
        if media_type in ("text/markdown", "text/x-markdown"):
            return self._read(Form.MARKDOWN, data, charset)
        if media_type == "text/plain":
            return self._read(Form.PLAIN, data, charset)
        return self._read(Form.HTML, data, charset)

    def _read(self, form: Form, data: bytes, charset: str | None = None) -> Text:
        with self._reading:
            return self._reader.read(form, data, charset)


def _media_type(path: Path) -> str:
    return {".md": "text/markdown", ".txt": "text/plain"}.get(path.suffix.lower(), "")


def _look(answer: Retrieved, fetched: Fetched, now: float) -> Look:
    digest = digest_of(fetched.transcripts[0])
    return Look(now, digest, answer.seen.etag, answer.seen.modified, final=fetched.kind is Kind.PAPER)


def _fetched(text: Text, origin: Origin) -> Fetched:
    from seekpoint.indexer.transcript.language import language_of

    language = language_of([block.text for block in text.blocks], text.language)
    transcript, details = transcript_of(text, language, origin)
    if not transcript.cues:
        raise Unfetched(State.UNAVAILABLE, "there are no words in it")
    is_paged = any(block.page is not None for block in text.blocks)
    return Fetched((transcript,), details, Kind.PAPER if is_paged else None)
