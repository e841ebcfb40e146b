"""Pages, papers and documents, from the web or from disk, as transcripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from seekpoint.file_formats import ARCHIVE_HEADERS, DOCUMENTS, MEDIA_TYPES
from seekpoint.files import read_file
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Origin, Resource, State
from seekpoint.indexer.reading_list.addresses import local_path, resource_of
from seekpoint.indexer.sources.provenance import FetchResult, FromPage
from seekpoint.indexer.sources.sandbox import OriginReader
from seekpoint.indexer.transcript.text_timeline import ParsedDocument, transcript_of

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.fetcher import FetchedPage, PoliteFetcher


_PACKAGE = "seekpoint.indexer.sources"
_ARCHIVE = "archive"
# Which document an archive is, is found out in the sandbox.
_MODULES: Mapping[str, str] = {_ARCHIVE: f"{_PACKAGE}.archives.archive"} | {
    form.name: f"{_PACKAGE}.{form.module}" for form in DOCUMENTS if not form.is_archive
}
_TEXTS = frozenset(form.name for form in DOCUMENTS if form.is_text)
_FACTS = ("title", "language", "canonical")
_MOST_ALIASES = 50


def parse_document(data: bytes, form: str, charset: str | None = None) -> ParsedDocument:
    """Parse a document in a format of DOCUMENTS, or an archive; raises Unfetched if the parser refuses it.

    Call it in the sandbox.
    """
    parse = getattr(import_module(_MODULES[form]), f"read_{form}")
    document: ParsedDocument = parse(data, charset) if form in _TEXTS else parse(data)
    facts: dict[str, Any] = {name: clean(getattr(document, name) or "") or None for name in _FACTS}
    return replace(
        document,
        blocks=tuple(replace(block, text=clean(block.text)) for block in document.blocks),
        aliases=tuple(filter(None, map(clean, document.aliases)))[:_MOST_ALIASES],
        **facts,
    )


# A PDF is told by its header alone: what is called one without it may be a page that says why.
_BY_MEDIA_TYPE = {
    media_type: _ARCHIVE if form.is_archive else form.name
    for form in DOCUMENTS
    if form.is_archive or form.is_text
    for media_type in form.media_types
}
_BY_SUFFIX = {suffix: form.media_types[0] for form in DOCUMENTS for suffix in form.suffixes}
# A page with more is a list of videos, or advertises some.
_MOST_VIDEOS = 3
# Of the abstract, the HTML and the PDF of a paper, which have one id, the PDF is read.
_ARXIV_PAGE = re.compile(r"https?://arxiv\.org/(?:abs|html)/(.+)")
_ARXIV_PDF = r"https://arxiv.org/pdf/\1"
_PDF_HEADER = b"%PDF-"
# PDF readers accept junk before the header, within the first 1,024 bytes.
_PDF_HEADER_WITHIN = 1024


class DocumentReader:
    """Reads pages, papers and documents. One thread may fetch while another one reads.

    `feed_at` takes a page that turns out to be a feed, and gives the playlist that it is.
    """

    def __init__(
        self, fetcher: PoliteFetcher, feed_at: Callable[[FetchedPage], Resource | None] = lambda page: None
    ) -> None:
        self._fetcher = fetcher
        self._feed_at = feed_at
        self._reader = OriginReader()
        # What pages gave, and the addresses that they declare, by the id at the address; texts only until they're used.
        self._pages: dict[str, tuple[FetchResult, str | None] | Unfetched] = {}

    def read(self, resource: Resource) -> FetchResult:
        """Parse a local file; raises Unfetched."""
        path = local_path(resource.url)
        try:
            data = read_file(path)
        except OSError as error:
            raise Unfetched(State.UNAVAILABLE, Reason("file_unreadable", path=path, error=error.strerror)) from error
        media_type = _BY_SUFFIX.get(path.suffix.lower(), "")
        try:
            fetched = _result(*self._parse(str(path), data, media_type, None, resource.kind), Origin.LOCAL)
        except Unfetched as failure:  # a file is tried again when it has changed
            is_unread = not media_type and failure.reason.code == "not_a_page"
            reason = Reason("kind_unread", name=path.name) if is_unread else failure.reason
            raise Unfetched(failure.state, reason) from None
        return replace(fetched, details=replace(fetched.details, title=fetched.details.title or clean(path.stem)))

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch an address and parse it, at `now` in Unix seconds; raises Unfetched.

        It may be in a private network if `private`. The result has no transcripts if nothing has changed since the
        `earlier` version, or if another address led to the same page before.
        """
        from seekpoint.indexer.fetch.fetcher import LeadsToVideo, Validators

        validators = Validators(earlier.etag, earlier.modified) if earlier else None
        address = _ARXIV_PAGE.sub(_ARXIV_PDF, resource.url)
        try:
            page = self._fetcher.get(address, validators, private=private)
            if page and _ARXIV_PAGE.match(page.url):
                paper = self._fetcher.get(_ARXIV_PAGE.sub(_ARXIV_PDF, page.url))
                assert paper  # only a conditional request can be answered with "not modified"
                page = replace(paper, is_permanent=page.is_permanent)
        except LeadsToVideo as led:
            video = resource_of(led.url)
            if video is None or video.kind not in (Kind.VIDEO, Kind.PLAYLIST):
                raise
            return FetchResult((), end=video)
        if page is None:
            assert earlier  # only a conditional request can be answered with "not modified"
            return FetchResult((), provenance=replace(earlier, at=now))
        if feed := self._feed_at(page):
            return FetchResult((), end=feed)
        fetched, declared = self._read_page(page, resource, now)
        assert fetched.end
        if earlier and earlier.is_same_text(fetched.provenance) and fetched.end.id == resource.id:
            self._pages[fetched.end.id] = replace(fetched, transcripts=()), declared
            return replace(fetched, transcripts=())
        canonical = _canonical(page.url, declared)
        result = self._at_canonical(fetched, canonical, resource, now)
        if not result.transcripts:
            return replace(result, provenance=None)
        used = fetched.end if canonical is None or result.transcripts is fetched.transcripts else canonical
        self._pages[used.id] = replace(result, transcripts=()), declared
        return result

    def _read_page(self, page: FetchedPage, resource: Resource, now: float) -> tuple[FetchResult, str | None]:
        """The result of a page, and the address that it declares as its own."""
        end = resource_of(page.url)
        assert end
        is_permanent = page.is_permanent or _spelling(page.url) == _spelling(resource.url)
        if end.id not in self._pages:
            try:
                document, kind = self._parse(_site(page.url), page.data, page.content_type, page.charset, resource.kind)
                parsed = _result(document, kind, Origin.MANUAL)
                lines = (f"{cue.text}\0{cue.anchor}\0{cue.page}" for cue in parsed.transcripts[0].cues)
                digest = blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
                is_paper = parsed.kind is Kind.PAPER
                version = FromPage(now, digest, page.validators.etag, page.validators.modified, final=is_paper)
                videos = _videos(document.players, page.url, parsed.details.title or "")
                self._pages[end.id] = replace(parsed, provenance=version, videos=videos), document.canonical
            except Unfetched as failure:
                self._pages[end.id] = failure
        known = self._pages[end.id]
        if isinstance(known, Unfetched):
            raise known
        fetched, declared = known
        return replace(fetched, end=end, is_permanent=is_permanent), declared

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

    def _parse(
        self, origin: str, data: bytes, media_type: str, charset: str | None, kind: Kind
    ) -> tuple[ParsedDocument, Kind | None]:
        """The document, and the kind that it has by its contents, if they say so; raises Unfetched."""
        told = None
        if _PDF_HEADER in data[:_PDF_HEADER_WITHIN]:
            form, told = "pdf", Kind.PAPER
        elif data.startswith(ARCHIVE_HEADERS):
            form, told = _ARCHIVE, Kind.DOCUMENT
        elif kind is Kind.PAPER:
            raise Unfetched(State.UNAVAILABLE, Reason("no_pdf" if data.strip() else "file_empty"))
        else:
            form = _BY_MEDIA_TYPE.get(media_type, "html")
        return self._reader.read(origin, parse_document, data, form, charset), told


def _videos(players: Sequence[str], url: str, title: str) -> tuple[Resource, ...]:
    """The videos that a page shows: those of known sites, and recordings, each with captions, at their own address.

    Recordings have the title of the page, and their file's name where there are several.
    """
    videos: dict[str, Resource] = {}
    names: dict[str, str] = {}
    for address in players:
        with suppress(ValueError):
            video = resource_of(urljoin(url, address))
            file = Path(unquote(urlsplit(video.url).path)) if video else Path()
            if video and video.kind is Kind.PAGE and file.suffix.lower() in MEDIA_TYPES:
                names[video.id] = clean(file.stem)
                video = replace(video, kind=Kind.VIDEO, title=title)
            if video and video.kind is Kind.VIDEO:
                videos.setdefault(video.id, video)
    for video_id, name in names.items() if len(names) > 1 else ():
        videos[video_id] = replace(videos[video_id], title=f"{title} ({name})")
    return tuple(videos.values())[:_MOST_VIDEOS]


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


def _result(document: ParsedDocument, kind: Kind | None, origin: Origin) -> FetchResult:
    from seekpoint.index.text.language_identification import language_of

    language = language_of([block.text for block in document.blocks], document.language)
    transcript, details = transcript_of(document, language, origin)
    if not transcript.cues:
        raise Unfetched(State.UNAVAILABLE, Reason("no_words"))
    return FetchResult((transcript,), details, kind)
