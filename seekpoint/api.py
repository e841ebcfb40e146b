"""The public Python API: `build`, `open_library` and `ask`."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

import seekpoint.query.output.notebook  # noqa: F401 - registers the HTML of answers for notebooks
from seekpoint.index.address import Address, parse_address
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.models.encoder import LazyEncoder, stored_engine
from seekpoint.index.models.reranker import CrossEncoderReranker
from seekpoint.index.open import default_folder, open_reader
from seekpoint.index.store import Reader
from seekpoint.index.text.languages import parse_tags
from seekpoint.index.types import Encoder, Kind, Reranker, ResourceStatus, Transcript
from seekpoint.indexer.build_options import PACE
from seekpoint.query.answers import Answer
from seekpoint.query.filters import check_resource, filters_of, in_language, left_nothing
from seekpoint.query.output.status import LibraryStatus
from seekpoint.query.reading.unread_stretches import amount_read
from seekpoint.query.search.settings import MOST_MOMENTS, PER_RESOURCE, AskOptions

if TYPE_CHECKING:
    from seekpoint.indexer.pipeline.build import Report
    from seekpoint.query.reading.language_reader import ChatModel, LanguageReader


_LONGEST_PACE = 3600

# The parameters under which Python has options of other names; those of the others are the options' own.
_PARAMETERS = {
    "index": "`library`",
    "llm": "`reader`",
    "llm-model": "the `model` of an `Endpoint`",
    "llm-seconds": "the `seconds` of a `LanguageReader`",
}
_COMMAND = re.compile(r"`seekpoint (ask|build)\b([^`]*)`")
_STATUS = re.compile(r"`seekpoint status[^`]*`")
_OPTION = re.compile(r"(?<![\w`-])--([a-z]+(?:-[a-z]+)*)")


def _in_python(text: str) -> str:
    """The text of an error or a problem, with Python's calls and parameters in place of commands and options."""
    text = _STATUS.sub("`Library.status()`", _COMMAND.sub(_call, text))
    return _OPTION.sub(lambda match: _PARAMETERS.get(match[1], f"`{match[1].replace('-', '_')}`"), text)


def _call(command: re.Match[str]) -> str:
    """The call for a command: words in capitals stand for values of the user's."""
    arguments, name = list[str](), ""
    for word in shlex.split(command[2]):
        if word.startswith("--"):
            name = {"index": "library"}.get(word[2:], word[2:].replace("-", "_"))
            arguments.append(f"{name}=True")
        else:
            value = word if word.replace("_", "").isupper() else repr(word)
            arguments[-1:] = [f"{name}={value}"] if name else [*arguments[-1:], value]
            name = ""
    return f"`seekpoint.{command[1]}({', '.join(arguments)})`"


@contextmanager
def _speaking_python() -> Iterator[None]:
    """Let errors name the parameters of the call, not the options of a command."""
    try:
        yield
    except SeekpointError as error:
        if (text := _in_python(str(error))) != str(error):
            error.args = (text,)
        raise


def _check_texts(question: object, **filters: object) -> None:
    if not isinstance(question, str):
        raise UsageError(f"`question` is a text, not {type(question).__name__}: ask in your own words")
    for name, value in filters.items():
        if not isinstance(value, str | None):
            raise UsageError(f"`{name}` is a text or None, not {type(value).__name__}: leave it out to search all")


def _check_counts(**counts: object) -> None:
    for name, count in counts.items():
        if isinstance(count, bool) or not (isinstance(count, int) and 1 <= count <= MOST_MOMENTS):
            raise UsageError(f"`{name}` is a whole number from 1 to {MOST_MOMENTS}, not {count!r}: leave it out")


class Library:
    """A library that is open for reading; `close` it, or use it as a context manager. Threads may share it."""

    def __init__(self, address: str, reader: Reader) -> None:
        self._address = address
        self._reader = reader

    @_speaking_python()
    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        also: Iterable[str] = (),
        per_resource: int = PER_RESOURCE,
        kind: Kind | str | None = None,
        section: str | None = None,
        language: str | None = None,
        resource: str | None = None,
        speaker: str | None = None,
        after: str | None = None,
        before: str | None = None,
        added: str | None = None,
        explained: bool = False,
        encoder: Encoder | None = None,
        rerank: Reranker | str | None = None,
        reader: ChatModel | LanguageReader | str | None = None,
    ) -> Answer:
        """Answer a question with at most `k` moments, best first; raises SeekpointError.

        `also` are other wordings of it, as in another language, whose moments count as well. At most `per_resource` of
        the first five are of one resource, unless nothing else is near. `kind`, `section` (words of a heading),
        `language`, `resource` (an id), `speaker` (words of a name), `after` and `before` (dates of publication) and
        `added` (a date, or `7d` ago) limit what is searched.
        With `explained`, each moment carries an `Explanation`. `encoder` replaces the library's own. `rerank` orders
        the first 20 moments again: a cross-encoder, by its name or folder, or an object with the methods of `Reranker`.
        `reader` reads what was found and puts first what it cites, and the answer has its `reading`: a language model
        by the address of OpenAI's API, an object with the methods of `ChatModel`, or a `LanguageReader`, which may have
        more time.
        """
        from seekpoint.query.search import pipeline

        texts = {"section": section, "language": language, "resource": resource, "speaker": speaker}
        texts |= {"after": after, "before": before, "added": added}
        _check_texts(question, **texts)
        _check_counts(k=k, per_resource=per_resource)
        if not isinstance(also, Iterable) or isinstance(also, str):
            raise UsageError(f"`also` is a list of wordings, not {type(also).__name__}: put them into brackets")
        also = tuple(also)
        if encoder is not None and not hasattr(encoder, "question"):
            raise UsageError(f"`encoder` is an object that embeds, not {type(encoder).__name__}: leave it out")
        for wording in also:
            _check_texts(wording)
        filters = filters_of(kind, **texts)
        reranker = _reranker(rerank) if isinstance(rerank, str) else rerank
        options = AskOptions(k, filters, per_resource, explained, reranker, also=also)
        encoder = encoder or _encoder(self._reader.card, engine=stored_engine(self._reader)).get()
        read_by = _language_reader(reader) if reader else None
        if read_by:
            from seekpoint.query.reading.language_reader import whole

            options = whole(read_by.translating(options, question, self._reader))
        ranked = pipeline.ask(question, self._reader, encoder, options)
        if resource and not ranked.moments:
            check_resource(resource, self._reader)
        if not (ranked.moments or ranked.excluded):
            nothing = left_nothing(filters, self._reader.languages(), "`seekpoint status`")
            return replace(ranked, note=_in_python(nothing))
        answer = read_by.read(ranked, self._reader, k) if read_by and ranked.moments else ranked
        if not (answer.reading and answer.reading.problem):
            return answer
        return replace(answer, reading=replace(answer.reading, problem=_in_python(answer.reading.problem)))

    @_speaking_python()
    def resources(self) -> list[ResourceStatus]:
        """Every resource with its state and the reason for it, in the order of the reading lists."""
        return self._reader.statuses()

    @_speaking_python()
    def status(self) -> LibraryStatus:
        """The library's model, totals and resources, under the names of `seekpoint status --json`."""
        statuses = self._reader.statuses()
        return LibraryStatus.of(self._address, self._reader.card, statuses, amount_read(self._reader, statuses))

    @_speaking_python()
    def transcript(self, resource: str, language: str | None = None) -> Transcript:
        """The transcript of a resource, by its id: the one in `language`, else the first; raises UsageError."""
        if not isinstance(resource, str):
            raise UsageError(f"`resource` is an id, not {type(resource).__name__}: give its `id`")
        transcripts = self._reader.transcripts(resource)
        if transcript := in_language(transcripts, language):
            return transcript
        languages = ", ".join(transcript.language for transcript in transcripts)
        remedy = f"there is {languages}" if languages else "`resources()` says why"
        raise UsageError(f"{resource} has no transcript{f' in {language}' if language else ''}: {remedy}")

    def close(self) -> None:
        """Release the library's files."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@_speaking_python()
def open_library(library: str | os.PathLike[str] | None = None) -> Library:
    """Open a library for reading; raises LibraryError.

    It is named by its folder or by `postgresql://HOST/DATABASE`; `None` is the user's default library.
    """
    address = _address(library)
    return Library(str(address), open_reader(address, lasting=True))


@_speaking_python()
def ask(
    question: str,
    library: Library | str | os.PathLike[str] | None = None,
    *,
    k: int = 5,
    also: Iterable[str] = (),
    per_resource: int = PER_RESOURCE,
    kind: Kind | str | None = None,
    section: str | None = None,
    language: str | None = None,
    resource: str | None = None,
    speaker: str | None = None,
    after: str | None = None,
    before: str | None = None,
    added: str | None = None,
    explained: bool = False,
    encoder: Encoder | None = None,
    rerank: Reranker | str | None = None,
    reader: ChatModel | LanguageReader | str | None = None,
) -> Answer:
    """Answer a question from an open library, or from the library at an address; takes what `Library.ask` takes."""
    _check_texts(question)
    with nullcontext(library) if isinstance(library, Library) else open_library(library) as opened:
        return opened.ask(
            question,
            k=k,
            also=also,
            per_resource=per_resource,
            kind=kind,
            section=section,
            language=language,
            resource=resource,
            speaker=speaker,
            after=after,
            before=before,
            added=added,
            explained=explained,
            encoder=encoder,
            rerank=rerank,
            reader=reader,
        )


@_speaking_python()
def build(
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    library: str | os.PathLike[str] | None = None,
    *,
    captions: str | os.PathLike[str] | None = None,
    languages: Sequence[str] = (),
    model: str | None = None,
    reembed: bool = False,
    encoder: Encoder | None = None,
    pace: float = PACE,
    limit: int | None = None,
    cookies: str | os.PathLike[str] | None = None,
    cookies_from_browser: str | None = None,
    proxy: str | None = None,
    prune: bool = False,
    retry: bool = False,
    translate: bool = True,
    glossary: str | os.PathLike[str] | None = None,
    transcribe: bool = False,
    whisper: str = "base",
) -> Report:
    """Index reading lists, or bring their index up to date, as `seekpoint build` does; raises SeekpointError.

    `translate` stores the translations by which a question finds words in another language; it takes some seconds.
    `reembed` embeds everything stored again if `model` or `encoder` isn't the library's. `transcribe`
    transcribes recordings that have no captions, with `whisper`: the name or folder of a faster-whisper model.
    `cookies` is a cookies.txt, `cookies_from_browser` the name of a browser; those of youtube.com are sent there.
    """
    from seekpoint.indexer.build_options import BuildOptions, Sources
    from seekpoint.indexer.fetch.cookies import one_source
    from seekpoint.indexer.fetch.http_session import Web
    from seekpoint.indexer.pipeline.build import build as run

    if limit is not None and limit < 1:
        raise UsageError(f"the limit for a channel must be 1 or more, not {limit}")
    tags = parse_tags(languages if isinstance(languages, str) else ",".join(languages))
    if not (isinstance(pace, int | float) and 0 <= pace <= _LONGEST_PACE):
        raise UsageError(f"`pace` is a number of seconds from 0 to {_LONGEST_PACE}, not {pace!r}")
    sources = [sources] if isinstance(sources, str) or not isinstance(sources, Iterable) else [*sources]
    if wrong := [each for each in sources if not isinstance(each, str | os.PathLike)]:
        raise UsageError(f"`sources` is a list, a folder, an address, or several, not {type(wrong[0]).__name__}")
    options = BuildOptions(
        sources=[os.fspath(source) for source in sources],
        captions=None if captions is None else Path(captions),
        languages=tags,
        retry=retry,
        whisper=whisper if transcribe else None,
        model=model,
        prune=prune,
        limit=limit,
        pace=pace,
        translate=translate,
        glossary=None if glossary is None else Path(glossary),
        reembed=reembed,
    )
    web = Web(proxy, one_source(None if cookies is None else Path(cookies), cookies_from_browser))
    return run(options, _address(library), Sources.through(web, options), encoder=encoder)


_encoder = lru_cache(maxsize=4)(LazyEncoder)


_reranker = lru_cache(maxsize=1)(CrossEncoderReranker)


def _language_reader(reader: ChatModel | LanguageReader | str) -> LanguageReader:
    from seekpoint.query.reading.language_reader import LanguageReader
    from seekpoint.query.reading.model import KEY, Endpoint

    if isinstance(reader, LanguageReader):
        return reader
    return LanguageReader(Endpoint(reader, key=os.environ.get(KEY)) if isinstance(reader, str) else reader)


def _address(library: str | os.PathLike[str] | None) -> Address:
    return default_folder() if library is None else parse_address(os.fspath(library))
