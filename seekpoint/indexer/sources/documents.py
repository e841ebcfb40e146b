"""Pages, papers and documents, from the web or from disk, as transcripts."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit

from seekpoint.files import read_file
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Origin, Resource, State
from seekpoint.indexer.reading_list.addresses import local_path, resource_of
from seekpoint.indexer.sources.provenance import FetchResult, FromPage
from seekpoint.indexer.sources.sandbox import DocumentFormat, SandboxedReader
from seekpoint.indexer.transcript.text_timeline import ParsedDocument, transcript_of

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.fetcher import FetchedPage, PoliteFetcher

_FORMATS = {
    "text/markdown": DocumentFormat.MARKDOWN,
    "text/x-markdown": DocumentFormat.MARKDOWN,
    "text/plain": DocumentFormat.PLAIN,
}
_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/(.+)")
_PDF_HEADER = b"%PDF-"
# PDF readers accept junk before the header, within the first 1,024 bytes.
_PDF_HEADER_WITHIN = 1024


class DocumentReader:
    """Reads pages, papers and documents; a context manager. One thread may fetch while another one reads."""

    def __init__(self, fetcher: PoliteFetcher) -> None:
        self._fetcher = fetcher
        self._reader = SandboxedReader()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def read(self, resource: Resource) -> FetchResult:
        """Parse a local file; raises Unfetched."""
        path = local_path(resource.url)
        try:
            data = read_file(path)
        except OSError as error:
            raise Unfetched(State.UNAVAILABLE, Reason("file_unreadable", path=path, error=error.strerror)) from error
        media_type = {".md": "text/markdown", ".txt": "text/plain"}.get(path.suffix.lower(), "")
        fetched = _result(self._parse(data, media_type, None, resource.kind), Origin.LOCAL)
        return replace(fetched, details=replace(fetched.details, title=fetched.details.title or clean(path.stem)))

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch an address and parse it, at `now` in Unix seconds; raises Unfetched.

        It may be in a private network if `private`. The result has no transcripts if nothing has changed since the
        `earlier` version.
        """
        from seekpoint.indexer.fetch.fetcher import LeadsToYouTube, Validators

        validators = Validators(earlier.etag, earlier.modified) if earlier else None
        address = _ARXIV_ABSTRACT.sub(r"https://arxiv.org/pdf/\1", resource.url)
        try:
            page = self._fetcher.get(address, validators, private=private)
        except LeadsToYouTube as led:
            video = resource_of(led.url)
            if video is None or video.kind not in (Kind.VIDEO, Kind.PLAYLIST):
                raise
            return FetchResult((), end=video)
        if page is None:
            assert earlier  # only a conditional request can be answered with "not modified"
            return FetchResult((), provenance=replace(earlier, at=now))
        fetched, declared = self._read_page(page, resource, now)
        assert fetched.end
        if earlier and earlier.is_same_text(fetched.provenance) and fetched.end.id == resource.id:
            return replace(fetched, transcripts=())
        return self._at_canonical(fetched, _canonical(page.url, declared), resource, now)

    def _read_page(self, page: FetchedPage, resource: Resource, now: float) -> tuple[FetchResult, str | None]:
        """The result of a page, and the address that it declares as its own."""
        document = self._parse(page.data, page.content_type, page.charset, resource.kind)
        fetched = _result(document, Origin.MANUAL)
        is_permanent = page.is_permanent or _spelling(page.url) == _spelling(resource.url)
        lines = (f"{cue.text}\0{cue.anchor}\0{cue.page}" for cue in fetched.transcripts[0].cues)
        digest = blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
        is_paper = fetched.kind is Kind.PAPER
        version = FromPage(now, digest, page.validators.etag, page.validators.modified, final=is_paper)
        end = resource_of(page.url)
        return replace(fetched, provenance=version, end=end, is_permanent=is_permanent), document.canonical

    def _at_canonical(
        self, fetched: FetchResult, canonical: Resource | None, resource: Resource, now: float
    ) -> FetchResult:
        """The result at a canonical address if the same text is there: many sites declare one address on all pages."""
        if canonical is None:
            return fetched
        if canonical.id == resource.id:
            return replace(fetched, end=canonical)
        with suppress(Unfetched):
            page = self._fetcher.get(canonical.url)
            assert page  # only a conditional request can be answered with "not modified"
            there, _ = self._read_page(page, canonical, now)
            assert isinstance(there.provenance, FromPage)
            if there.end == canonical and there.provenance.is_same_text(fetched.provenance):
                return there
        return fetched

    def _parse(self, data: bytes, media_type: str, charset: str | None, kind: Kind) -> ParsedDocument:
        if _PDF_HEADER in data[:_PDF_HEADER_WITHIN]:
            form = DocumentFormat.PDF
        elif kind is Kind.PAPER:
            raise Unfetched(State.UNAVAILABLE, Reason("no_pdf" if data.strip() else "file_empty"))
        else:
            form = _FORMATS.get(media_type, DocumentFormat.HTML)
        with self._lock:
            return self._reader.read(form, data, charset)


def _canonical(url: str, declared: str | None) -> Resource | None:
    """The resource at the address that a page declares as its own; `None` for the same one, and for other sites."""
    with suppress(ValueError):
        canonical = resource_of(urljoin(url, declared or ""))
        if canonical and _site(canonical.url) == _site(url) and _spelling(canonical.url) != _spelling(url):
            return canonical
    return None


def _site(url: str) -> str:
    """The host and port of an address, without `www.`."""
    return urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.")


def _spelling(url: str) -> tuple[str, ...]:
    """The address without scheme, `www.` and the last slash, in which its usual spellings differ."""
    parts = urlsplit(url)
    return _site(url), parts.path.rstrip("/"), parts.query


def _result(document: ParsedDocument, origin: Origin) -> FetchResult:
    from seekpoint.indexer.transcript.language import language_of

    language = language_of([block.text for block in document.blocks], document.language)
    transcript, details = transcript_of(document, language, origin)
    if not transcript.cues:
        raise Unfetched(State.UNAVAILABLE, Reason("no_words"))
    has_pages = any(block.page is not None for block in document.blocks)
    return FetchResult((transcript,), details, Kind.PAPER if has_pages else None)
