"""Pages, papers and documents, from the web or from disk, as transcripts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urljoin, urlsplit

from seekpoint.files import ARCHIVE_HEADERS, DOCUMENTS, MEDIA_TYPES, parsed_json, read_file
from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Kind, Origin, Resource, State
from seekpoint.indexer.reading_list.addresses import local_path, resource_of
from seekpoint.indexer.sources.provenance import FetchResult, FromPage
from seekpoint.indexer.sources.sandbox_child import GRACE, LONGEST_ANSWER, PATIENCE, receive, send
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role, transcript_of

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.fetcher import FetchedPage, PoliteFetcher


# Parses untrusted documents in a child process, so that a hang, a crash or a memory bomb costs only one document.
#
# The child's side is sandbox_child.py. A malicious document may take the child over, so its answers are validated.


_PACKAGE = "seekpoint.indexer.sources"
_ARCHIVE = "archive"
MODULES: Mapping[str, str] = {_ARCHIVE: f"{_PACKAGE}.archives.archive"} | {
    form.name: f"{_PACKAGE}.{form.module}" for form in DOCUMENTS if not form.is_archive
}
"""The module of each parser; which document an archive is, is found out in the sandbox."""
_TEXTS = frozenset(form.name for form in DOCUMENTS if form.is_text)

SECONDS = 120.0
"""CPU time for one document: a PDF of 5,000 pages takes 50."""

MEMORY = 2_000_000_000
"""Address space of a child, in bytes."""

_MOST_PAGES = 1_000_000
_MOST_ALIASES = 50
# Native libraries leak memory: the child is replaced after this many.
_DOCUMENTS_A_CHILD = 100


class SandboxedReader:
    """Parses documents one by one in a child process, which starts with the first document; a context manager.

    `seconds` limits the CPU time of a document, `memory` the bytes of the child. Windows enforces neither: there only
    the clock ends a document.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, modules: Mapping[str, str] = MODULES) -> None:
        self._seconds = seconds
        self._memory = memory
        self._modules = modules
        self._child: subprocess.Popen[bytes] | None = None
        self._documents = 0
        self._starting = Lock()
        self._has_ended = False

    def __enter__(self) -> Self:
        self._has_ended = False
        return self

    def __exit__(self, *_: object) -> None:
        """End the child, also that of a document which another thread is about to read."""
        self._has_ended = True
        self.close()

    def close(self) -> None:
        """End the child; the next document starts a new one."""
        with self._starting:
            child, self._child = self._child, None
        if child:
            child.kill()
            for pipe in filter(None, (child.stdin, child.stdout)):
                with suppress(OSError):  # a request may not have been written to its end
                    pipe.close()
            child.wait()

    def read(self, form: str, data: bytes, charset: str | None = None) -> ParsedDocument:
        """Parse a document in a format of MODULES; raises Unfetched if the parser refuses it, fails, or is slow."""
        arguments = [charset] if form in _TEXTS else []
        call = json.dumps([self._modules[form], f"read_{form}", arguments]).encode()
        is_first = self._child is None
        try:
            outcome = _outcome(self._answer(call, data))
        except BaseException as error:
            self.close()
            if is_first or not isinstance(error, _ChildFailure):
                raise
            return self.read(form, data, charset)  # an earlier document may have damaged the child
        if isinstance(outcome, Unfetched):
            raise outcome
        return outcome

    def _answer(self, call: bytes, data: bytes) -> bytes:
        if self._child and (self._documents >= _DOCUMENTS_A_CHILD or self._child.poll() is not None):
            self.close()
        with self._starting:
            if self._has_ended:
                raise _ChildFailure
            if self._child is None:
                self._child = _start_child(self._seconds, self._memory)
                self._documents = 0
            self._documents += 1
            child = self._child
        assert child.stdin and child.stdout
        is_late = Event()

        def stop() -> None:
            is_late.set()
            child.kill()

        timer = Timer(self._seconds * PATIENCE, stop)
        timer.start()
        try:
            send(child.stdin, call)
            send(child.stdin, data)
            return receive(child.stdout, LONGEST_ANSWER)
        except (OSError, EOFError) as error:
            if is_late.is_set() or _ran_out_of_cpu_time(child):
                reason = Reason("reading_slow", seconds=f"{self._seconds:g}")
                raise Unfetched(State.UNAVAILABLE, reason) from error
            raise _ChildFailure from error
        finally:
            timer.cancel()
            timer.join()


class _ChildFailure(Unfetched):
    """The child failed; the document may not be the cause."""

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__(State.UNAVAILABLE, reason or Reason("reader_gave_up"))


def _start_child(seconds: float, memory: int) -> subprocess.Popen[bytes]:
    # -P keeps the working directory off sys.path: a json.py there would shadow the standard library's.
    module = "seekpoint.indexer.sources.sandbox_child"
    command = [sys.executable, "-P", "-X", "utf8", "-m", module, str(seconds), str(memory)]
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # so that Ctrl-C reaches only the parent
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise Unfetched(State.DEFERRED, Reason("reader_missing", error=error.strerror)) from error


def _ran_out_of_cpu_time(child: subprocess.Popen[bytes]) -> bool:
    """Whether the system ended the child at its CPU limit."""
    with suppress(subprocess.TimeoutExpired):
        return sys.platform != "win32" and child.wait(GRACE) == -signal.SIGXCPU
    return False


def _outcome(answer: bytes) -> ParsedDocument | Unfetched:
    """The document or the refusal in an answer; raises Unfetched for a failure and for a malformed answer."""
    with suppress(ValueError, MemoryError):
        match parsed_json(answer):
            case {"text": [list(blocks), *details], **others}:
                texts = ((clean(text) or None) if isinstance(text, str) else None for text in details)
                title, author, published, language, canonical, *names = texts
                aliases = tuple(filter(None, names))[:_MOST_ALIASES]
                players = others.get("players")
                shown = tuple(filter(_is_text, players if isinstance(players, list) else ()))
                return ParsedDocument(
                    tuple(map(_block, blocks)), title, author, published, language, canonical, aliases, shown
                )
            case {"refused": [str(state), str(reason)]}:
                return Unfetched(State(state), Reason.stored(reason))
            case {"failed": str(reason)}:
                raise _ChildFailure(Reason.stored(reason))
    raise _ChildFailure


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _block(value: object) -> Block:
    match value:
        case [str(text), str(role), str() | None as anchor, int() | None as page] if (page or 1) in range(_MOST_PAGES):
            return Block(clean(text), Role(role), anchor and printable(anchor), page)
    raise ValueError


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
_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/(.+)")
_PDF_HEADER = b"%PDF-"
# PDF readers accept junk before the header, within the first 1,024 bytes.
_PDF_HEADER_WITHIN = 1024


class DocumentReader:
    """Reads pages, papers and documents; a context manager. One thread may fetch while another one reads.

    `feed_at` takes a page that turns out to be a feed, and gives the playlist that it is.
    """

    def __init__(
        self, fetcher: PoliteFetcher, feed_at: Callable[[FetchedPage], Resource | None] = lambda page: None
    ) -> None:
        self._fetcher = fetcher
        self._feed_at = feed_at
        self._reader = SandboxedReader()
        self._lock = Lock()
        # What pages gave, and the addresses that they declare, by the id at the address; texts only until they're used.
        self._pages: dict[str, tuple[FetchResult, str | None] | Unfetched] = {}

    def __enter__(self) -> Self:
        self._reader.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    def read(self, resource: Resource) -> FetchResult:
        """Parse a local file; raises Unfetched."""
        path = local_path(resource.url)
        try:
            data = read_file(path)
        except OSError as error:
            raise Unfetched(State.UNAVAILABLE, Reason("file_unreadable", path=path, error=error.strerror)) from error
        media_type = _BY_SUFFIX.get(path.suffix.lower(), "")
        try:
            fetched = _result(*self._parse(data, media_type, None, resource.kind), Origin.LOCAL)
        except Unfetched as failure:
            if media_type or failure.reason.code != "not_a_page":
                raise
            raise Unfetched(State.UNAVAILABLE, Reason("kind_unread", name=path.name)) from None
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
        address = _ARXIV_ABSTRACT.sub(r"https://arxiv.org/pdf/\1", resource.url)
        try:
            page = self._fetcher.get(address, validators, private=private)
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
        if not page.is_repeated:
            try:
                self._pages[end.id] = self._parsed_page(page, resource, now)
            except Unfetched as failure:
                self._pages[end.id] = failure
        known = self._pages[end.id]
        if isinstance(known, Unfetched):
            raise known
        fetched, declared = known
        return replace(fetched, end=end, is_permanent=is_permanent), declared

    def _parsed_page(self, page: FetchedPage, resource: Resource, now: float) -> tuple[FetchResult, str | None]:
        document, kind = self._parse(page.data, page.content_type, page.charset, resource.kind)
        fetched = _result(document, kind, Origin.MANUAL)
        lines = (f"{cue.text}\0{cue.anchor}\0{cue.page}" for cue in fetched.transcripts[0].cues)
        digest = blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
        is_paper = fetched.kind is Kind.PAPER
        version = FromPage(now, digest, page.validators.etag, page.validators.modified, final=is_paper)
        videos = _videos(document.players, page.url, fetched.details.title or "")
        return replace(fetched, provenance=version, videos=videos), document.canonical

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
        self, data: bytes, media_type: str, charset: str | None, kind: Kind
    ) -> tuple[ParsedDocument, Kind | None]:
        """The document, and the kind that it has by its contents, if they say so; raises Unfetched."""
        found = None
        if _PDF_HEADER in data[:_PDF_HEADER_WITHIN]:
            form, found = "pdf", Kind.PAPER
        elif data.startswith(ARCHIVE_HEADERS):
            form, found = _ARCHIVE, Kind.DOCUMENT
        elif kind is Kind.PAPER:
            raise Unfetched(State.UNAVAILABLE, Reason("no_pdf" if data.strip() else "file_empty"))
        else:
            form = _BY_MEDIA_TYPE.get(media_type, "html")
        with self._lock:
            return self._reader.read(form, data, charset), found


def _videos(players: Sequence[str], url: str, title: str) -> tuple[Resource, ...]:
    """The videos that a page shows: those of known sites, and recordings, each with captions, at their own address.

    Recordings have the title of the page, and their file's name where there are several.
    """
    found: dict[str, Resource] = {}
    names: dict[str, str] = {}
    for address in players:
        with suppress(ValueError):
            video = resource_of(urljoin(url, address))
            file = Path(unquote(urlsplit(video.url).path)) if video else Path()
            if video and video.kind is Kind.PAGE and file.suffix.lower() in MEDIA_TYPES:
                names[video.id] = clean(file.stem)
                video = replace(video, kind=Kind.VIDEO, title=title)
            if video and video.kind is Kind.VIDEO:
                found.setdefault(video.id, video)
    for video_id, name in names.items() if len(names) > 1 else ():
        found[video_id] = replace(found[video_id], title=f"{title} ({name})")
    return tuple(found.values())[:_MOST_VIDEOS]


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
    from seekpoint.indexer.transcript.language import language_of

    language = language_of([block.text for block in document.blocks], document.language)
    transcript, details = transcript_of(document, language, origin)
    if not transcript.cues:
        raise Unfetched(State.UNAVAILABLE, Reason("no_words"))
    return FetchResult((transcript,), details, kind)
