"""A language model behind an address: an endpoint for OpenAI's chat completions, asked over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx2

from seekpoint.files import parsed_json
from seekpoint.index.errors import ReaderError, UsageError
from seekpoint.index.text.clean import clean

KEY = "SEEKPOINT_LLM_KEY"

_PATH = "/chat/completions"
# Seconds to connect, and without a byte: the reader gives up sooner.
_CONNECT, _PATIENCE = 10.0, 600.0
_TICK = 1.0
_MOST_BYTES, _MOST_OF_ERROR = 4_000_000, 4096
_REMEDIES = {
    400: "check --llm-model",
    401: f"give its key in ${KEY}",
    403: f"give a key in ${KEY} that may use this model",
    404: "check --llm and --llm-model",
    422: "check --llm-model",
    429: "it has too many requests, or the quota is used up: ask again later",
}
_LATER = "ask again later, and look at what the server writes"


class Endpoint:
    """A chat model at an address; raises UsageError for an address or a key that can't be one.

    The key is sent to that address alone: redirects aren't followed.
    """

    def __init__(self, address: str, model: str | None = None, key: str | None = None) -> None:
        parts = _checked(address)
        self._address = parts.geturl()
        self._name = f"{parts.scheme}://{parts.netloc}"
        host = parts.hostname or ""
        try:
            self._is_local = ip_address(host).is_loopback
        except ValueError:
            self._is_local = host == "localhost"
        self._model = model
        self.name = model or parts.netloc
        """What it is called: the model's name, else its address."""
        self._key = (key or "").strip() or None
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise UsageError(f"${KEY} has characters that no key has: set it again")
        self._masker = Masker(self._key)

    def masked(self, text: str) -> str:
        """A text of the server's without the key, which it may repeat."""
        return self._masker.masked(text)

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        """The model's text, a piece after the other; an empty one each second without any. Raises ReaderError.

        A thread of its own asks and reads, so that no server, however slow, holds the caller longer than a second.
        """
        pieces: SimpleQueue[str | Exception | None] = SimpleQueue()
        stopped = Event()
        Thread(target=self._read_into, args=(pieces, messages, stopped), daemon=True).start()
        try:
            while True:
                try:
                    piece = pieces.get(timeout=_TICK)
                except Empty:
                    piece = ""
                if isinstance(piece, Exception):
                    raise piece
                if piece is None:
                    return
                yield piece
        finally:
            stopped.set()

    def _read_into(
        self, pieces: SimpleQueue[str | Exception | None], messages: Sequence[Mapping[str, str]], stopped: Event
    ) -> None:
        # No limit of tokens and no temperature: some models take neither, or under other names alone.
        body = {"messages": messages, "stream": True} | ({"model": self._model} if self._model else {})
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            timeout = httpx2.Timeout(_PATIENCE, connect=_CONNECT)
            with (
                # A proxy of the environment can't reach what listens on this machine.
                httpx2.Client(timeout=timeout, trust_env=not self._is_local) as client,
                client.stream("POST", self._address, json=body, headers=headers) as response,
            ):
                if response.status_code != httpx2.codes.OK:
                    raise ReaderError(self._refusal(response, stopped))
                response.stream = BoundedBody(response.stream, _MOST_BYTES, stopped)
                if "json" in response.headers.get("Content-Type", ""):
                    texts = whole_text(b"".join(response.iter_raw()), self.masked)
                else:
                    texts = streamed_text(response, self.masked)
                for text in texts:
                    pieces.put(text)
            pieces.put(None)
        except (httpx2.HTTPError, ImportError, ValueError, OSError) as error:  # a proxy may be of an unknown kind
            pieces.put(ReaderError(self._connection_error(error)))
        except Exception as error:
            pieces.put(error)

    def _refusal(self, response: httpx2.Response, stopped: Event) -> str:
        status = response.status_code
        if response.is_redirect:
            return f"{self._name} leads to another address ({status}): give the one that it leads to with --llm"
        response.stream = BoundedBody(response.stream, _MOST_OF_ERROR, stopped)
        said = reason_of(b"".join(response.iter_raw()), self.masked)
        return f"{self._name} refuses with status {status}{said}: {_REMEDIES.get(status, _LATER)}"

    def _connection_error(self, error: Exception) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return f"the certificate of {self._name} isn't trusted: check --llm"
        if isinstance(error, httpx2.TimeoutException):
            return f"{self._name} doesn't answer in time: check that its server runs, and ask again"
        if isinstance(error, httpx2.ConnectError):
            return f"nothing answers at {self._name}: start the model's server, or check --llm"
        return f"the connection to {self._name} broke: ask again"


class BoundedBody(httpx2.SyncByteStream):
    """A response's body up to `most` bytes, or until nobody reads it any longer."""

    def __init__(self, body: object, most: int, stopped: Event) -> None:
        assert isinstance(body, httpx2.SyncByteStream)
        self._body, self._most, self._stopped = body, most, stopped
        self.close = body.close  # type: ignore[method-assign]

    def __iter__(self) -> Iterator[bytes]:
        left = self._most
        for chunk in self._body:
            if self._stopped.is_set():
                return
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return


def _checked(address: str) -> SplitResult:
    """The address of chat completions, for the one that a user gives: with or without /v1, or all of it."""
    try:
        parts = urlsplit(address.strip())
        is_web = parts.scheme in ("http", "https") and bool(httpx2.URL(parts.geturl()).host) and parts.port != 0
    except (ValueError, httpx2.InvalidURL):
        is_web = False
    if not is_web or not address.isprintable():
        raise UsageError(
            "a language model's address begins with http:// or https://: give one such as http://localhost:11434/v1"
        )
    if "@" in parts.netloc:
        raise UsageError(f"a language model's address has no name and password: give the key in ${KEY}")
    path = parts.path.rstrip("/") or "/v1"
    return parts._replace(path=path if path.endswith(_PATH) else path + _PATH, fragment="")


MASK = "…"
# Any 8 consecutive letters and digits of the key are masked. A shorter key is a placeholder for a server that needs
# none, such as `ollama`: masking it would take words out of the text.
_PART = 8


class Masker:
    """Masks a secret and its parts, in capitals or small letters, also with other characters between its own."""

    def __init__(self, secret: str | None) -> None:
        _, characters = _characters(secret or "")
        self._parts = {characters[start : start + _PART] for start in range(len(characters) - _PART + 1)}

    def masked(self, text: str) -> str:
        """The text with the secret masked."""
        places, characters = _characters(text)
        pieces, end = [], 0
        for start in range(len(characters) - _PART + 1):
            if characters[start : start + _PART] in self._parts:
                if places[start] >= end:
                    pieces += [text[end : places[start]], MASK]
                end = places[start + _PART - 1] + 1
        return "".join([*pieces, text[end:]])


def _characters(text: str) -> tuple[list[int], str]:
    """The places of the ASCII letters and digits of a text, and these in small letters."""
    places = [place for place, character in enumerate(text) if character.isascii() and character.isalnum()]
    return places, "".join(text[place] for place in places).lower()


_END = "[DONE]"
_LONGEST_REASON = 160
_OTHER_FORM = (
    "what the model's address sends are no chat completions: check that --llm is the one for the OpenAI API, which "
    "ends in /v1 for most servers"
)
_BROKE_OFF = "the model's server broke off before the end: ask again"
_CUT_OFF = (
    "the model reached its limit of tokens before the end: give it a longer context, or choose another model with "
    "--llm-model"
)


def streamed_text(response: httpx2.Response, masked: Callable[[str], str] = str) -> Iterator[str]:
    """The text of a stream of server-sent events, a piece for each; empty for what isn't text, such as reasoning.

    The server's message about a fault passes through `masked`.
    """
    reason, has_begun = None, False
    response.encoding = "utf-8"
    try:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise ReaderError(_OTHER_FORM)
        for event in httpx2.EventSource(response, _MOST_BYTES):
            if event.data == _END:
                break
            if event.data:
                choice, has_begun = _choice(event.data, masked), True
                reason = choice.get("finish_reason") or reason
                yield _content(choice.get("delta"))
        else:
            if not reason:
                raise ReaderError(_BROKE_OFF if has_begun else _OTHER_FORM)
    except httpx2.SSEError:
        raise ReaderError(_OTHER_FORM) from None
    if reason == "length":
        raise ReaderError(_CUT_OFF)


def whole_text(body: bytes, masked: Callable[[str], str] = str) -> Iterator[str]:
    """The text of a response that isn't streamed."""
    choice = _choice(body.decode("utf-8", "replace"), masked)
    yield _content(choice.get("message"))
    if choice.get("finish_reason") == "length":
        raise ReaderError(_CUT_OFF)


def reason_of(body: bytes, masked: Callable[[str], str] = str) -> str:
    """The reason in an error's body, as ` (…)`; empty if it has no known form."""
    try:
        document = parsed_json(body)
    except ValueError:
        return ""
    return _reason(document, masked) if isinstance(document, dict) else ""


def _choice(data: str, masked: Callable[[str], str]) -> Mapping[str, Any]:
    """The first choice of a document, empty where there is none; raises ReaderError for an error or another form."""
    try:
        document = parsed_json(data)
    except ValueError:
        raise ReaderError(_OTHER_FORM) from None
    if not isinstance(document, dict) or ("choices" not in document and "error" not in document):
        raise ReaderError(_OTHER_FORM)
    if document.get("error"):
        said = _reason(document, masked)
        raise ReaderError(f"the model's server has a fault{said}: look at what it writes, and ask again")
    choices = document.get("choices") or [{}]  # the last event may have only the counts of tokens
    if not isinstance(choices, list) or not isinstance(choices[0], dict):
        raise ReaderError(_OTHER_FORM)
    return choices[0]


def _content(message: object) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""


def _reason(document: Mapping[str, Any], masked: Callable[[str], str]) -> str:
    error = document.get("error", document)
    said = error.get("message", error.get("detail")) if isinstance(error, dict) else error
    text = masked(clean(said)) if isinstance(said, str) else ""  # before it is cut
    return f" ({text[:_LONGEST_REASON].rstrip(' .')}{'…' if len(text) > _LONGEST_REASON else ''})" if text else ""
