"""A language model behind an address: an endpoint for OpenAI's chat completions, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from urllib.parse import SplitResult, urlsplit

import requests
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeout

from seekpoint.index.errors import SummaryError, UsageError
from seekpoint.query.summary.completions import reason_of, streamed_text, whole_text
from seekpoint.query.summary.masking import Masker

KEY = "SEEKPOINT_LLM_KEY"

_PATH = "/chat/completions"
# Seconds to connect, without a piece of text, and for all of it. Before the first piece a server loads the model, and a
# processor alone reads some thirty tokens a second.
_CONNECT, _PATIENCE, _DEADLINE = 10.0, 120.0, 180.0
_TICK = 1.0
_PIECE, _MOST_BYTES, _MOST_OF_ERROR = 65_536, 4_000_000, 4096
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

    `patience` are the seconds without a word, `deadline` those for all of them, after which there is a SummaryError.
    The key is sent to that address alone: redirects aren't followed.
    """

    def __init__(
        self,
        address: str,
        model: str | None = None,
        key: str | None = None,
        *,
        patience: float = _PATIENCE,
        deadline: float = _DEADLINE,
    ) -> None:
        parts = _checked(address)
        self._address = parts.geturl()
        self._name = f"{parts.scheme}://{parts.netloc}"
        self._is_local = _is_local(parts.hostname or "")
        self._model = model
        self._key = _checked_key(key)
        self._masker = Masker(self._key)
        self._patience = patience
        self._deadline = deadline

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        """The model's text, a piece after the other; an empty one each second without any. Raises SummaryError.

        A thread of its own asks and reads, so that no server, however slow, holds the caller longer than a second.
        """
        pieces: SimpleQueue[str | Exception | None] = SimpleQueue()
        stopped = Event()
        Thread(target=self._read_into, args=(pieces, messages, stopped), daemon=True).start()
        began = heard = monotonic()
        try:
            while True:
                is_late = monotonic() - began > self._deadline
                try:
                    piece = pieces.get(timeout=min(_TICK, self._patience))
                    heard = monotonic()
                except Empty:
                    piece = ""
                    is_late = is_late or monotonic() - heard > self._patience
                if isinstance(piece, Exception):
                    raise piece
                if piece is None:
                    return
                if is_late:
                    raise SummaryError(
                        f"{self._name} took longer than {monotonic() - began:.0f} s: ask again once its model is "
                        "loaded, or choose a smaller one with --llm-model"
                    )
                yield piece
        finally:
            stopped.set()

    def masked(self, text: str) -> str:
        """A text of the model's, without the key, which its server may repeat."""
        return self._masker.masked(text)

    def _read_into(
        self, pieces: SimpleQueue[str | Exception | None], messages: Sequence[Mapping[str, str]], stopped: Event
    ) -> None:
        try:
            with requests.Session() as session:
                # A proxy of the environment can't reach what listens on this machine.
                session.trust_env = not self._is_local
                for piece in self._pieces(session, messages, stopped):
                    pieces.put(piece)
            pieces.put(None)
        except (requests.RequestException, HTTPError, OSError) as error:
            pieces.put(SummaryError(self._connection_error(error)))
        except Exception as error:
            pieces.put(error)

    def _pieces(
        self, session: requests.Session, messages: Sequence[Mapping[str, str]], stopped: Event
    ) -> Iterator[str]:
        # No limit of tokens and no temperature: some models take neither, or under other names alone.
        body = {"messages": messages, "stream": True} | ({"model": self._model} if self._model else {})
        response = session.post(
            self._address,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "text/event-stream", "Accept-Encoding": "identity"},
            auth=self._sign,
            allow_redirects=False,
            stream=True,
            timeout=(min(_CONNECT, self._patience), self._patience),
        )
        with response:
            if response.status_code != requests.codes.ok:
                raise SummaryError(self._refusal(response, stopped))
            chunks = _chunks(response, _MOST_BYTES, stopped)
            if "json" in response.headers.get("Content-Type", ""):
                yield from whole_text(b"".join(chunks), self.masked)
            else:
                yield from streamed_text(chunks, self.masked)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key; without this, requests would send a password that ~/.netrc has for the host."""
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _refusal(self, response: requests.Response, stopped: Event) -> str:
        status = response.status_code
        if response.is_redirect:
            return f"{self._name} leads to another address ({status}): give the one that it leads to with --llm"
        said = reason_of(b"".join(_chunks(response, _MOST_OF_ERROR, stopped)), self.masked)
        remedy = _REMEDIES.get(status, _LATER)
        return f"{self._name} refuses with status {status}{said}: {remedy}"

    def _connection_error(self, error: Exception) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            return f"the certificate of {self._name} isn't trusted: check --llm"
        if isinstance(error, requests.Timeout | ReadTimeout):
            return f"{self._name} doesn't answer in time: check that its server runs, and ask again"
        if isinstance(error, requests.ConnectionError):
            return f"nothing answers at {self._name}: start the model's server, or check --llm"
        return f"the connection to {self._name} broke: ask again"


def _chunks(response: requests.Response, most: int, stopped: Event) -> Iterator[bytes]:
    """The body as it comes, up to so many bytes, until nobody reads it any longer."""
    read = 0
    while read < most and (chunk := response.raw.read1(min(_PIECE, most - read), decode_content=False)):
        if stopped.is_set():
            return
        read += len(chunk)
        yield chunk


def _checked(address: str) -> SplitResult:
    """The address of chat completions, for the one that a user gives: with or without /v1, or all of it."""
    try:
        parts = urlsplit(address.strip())
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web or not address.isprintable():
        raise UsageError(
            "a language model's address begins with http:// or https://: give one such as http://localhost:11434/v1 "
            "to --llm"
        )
    if "@" in parts.netloc:
        raise UsageError(f"a language model's address has no name and password: give the key in ${KEY}")
    path = parts.path.rstrip("/") or "/v1"
    return parts._replace(path=path if path.endswith(_PATH) else path + _PATH, fragment="")


def _checked_key(key: str | None) -> str | None:
    key = (key or "").strip()
    if not (key.isascii() and (key.isprintable() or not key)):
        raise UsageError(f"${KEY} has characters that no key has: set it again")
    return key or None


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
