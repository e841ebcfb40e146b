"""A language model of our own: a server for OpenAI's chat completions on this machine, which can misbehave."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple, TypeAlias

Behaviour: TypeAlias = "Callable[[BaseHTTPRequestHandler], object]"

_WORDS, _MARK = re.compile(r"\{(.+?)\}"), re.compile(r"\[(\d+[a-z]{1,2})\]")
_STREAM = "text/event-stream; charset=utf-8"


class Scripted:
    """A chat model of this process, which says what depends on its prompt."""

    def __init__(self, say: Callable[[str], str], translation: str = "", hidden: str = "") -> None:
        self._say, self._translation, self._hidden = say, translation, hidden

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        asked = messages[-1]["content"]
        yield from ("", *(self._translation if _asks_to_translate(asked) else self._say(asked)))

    def masked(self, text: str) -> str:
        return text.replace(self._hidden, "*") if self._hidden else text


def _asks_to_translate(content: str) -> bool:
    return content.startswith('{"query": ') and '"languages": ' in content


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    document: dict[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        given: dict[str, Any] = json.loads(self.document["messages"][-1]["content"])
        return given


class FakeChat(ThreadingHTTPServer):
    """What the server does next, what it was asked, and how many clients have gone before the end.

    It translates a question with the lines of the `translation`, whatever it does else.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = f"http://127.0.0.1:{self.server_address[1]}"
        self.address = f"{self.root}/v1"
        self.requests: list[Request] = []
        self.to_translate: list[Request] = []
        self.translation = ""
        self.hung_up = 0
        self.behaviour: Behaviour = streaming("A mask hides the future [1].")


class _Handler(BaseHTTPRequestHandler):
    server: FakeChat

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.path, dict(self.headers), json.loads(body or b"{}"))
        is_asked = request.document.get("messages") and _asks_to_translate(request.document["messages"][-1]["content"])
        (self.server.to_translate if is_asked else self.server.requests).append(request)
        try:
            (streaming(self.server.translation) if is_asked else self.server.behaviour)(self)
        except OSError:
            self.server.hung_up += 1

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


def streaming(*pieces: str, pause: float = 0.0, reason: str | None = "stop", ends: bool = True) -> Behaviour:
    """Stream pieces of text, each an event; without an end the connection just closes."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, _STREAM)
        event(handler, {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        for piece in pieces:
            time.sleep(pause)
            event(handler, {"choices": [{"index": 0, "delta": {"content": piece}}]})
        if ends:
            event(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
            event(handler, {"choices": [], "usage": {"total_tokens": 9}})
            handler.wfile.write(b"data: [DONE]\n\n")

    return behave


def by_letter(text: str, pause: float = 0.0) -> Behaviour:
    return streaming(*text, pause=pause)


def citing(text: str, pause: float = 0.0, ends: bool = True) -> Behaviour:
    """Stream a text by letters, with the mark of the passage's sentence that says these words in place of {words}."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        assert isinstance(handler, _Handler)
        passages = handler.server.requests[-1].given["passages"]
        marked = _WORDS.sub(lambda found: f"[{mark_of(passages, found[1])}]", text)
        streaming(*marked, pause=pause, ends=ends)(handler)

    return behave


def mark_of(passages: Sequence[dict[str, str]], words: str) -> str:
    """The last mark before the words, in the first passage that has them."""
    before = next(each["text"].partition(words)[0] for each in passages if words in each["text"])
    *_, mark = _MARK.finditer(before)
    return mark[1]


def answering(
    status: int, body: bytes | str | dict[str, Any] = b"", kind: str = "application/json", **headers: str
) -> Behaviour:
    data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        head(handler, status, kind, **headers)
        handler.wfile.write(data)

    return behave


def endless(data: bytes, pause: float = 0.0) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 200, _STREAM)
        while True:
            handler.wfile.write(data)
            time.sleep(pause)

    return behave


def silent(seconds: float) -> Behaviour:
    return lambda handler: time.sleep(seconds)


def head(handler: BaseHTTPRequestHandler, status: int, kind: str, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Connection": "close", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def event(handler: BaseHTTPRequestHandler, document: object) -> None:
    handler.wfile.write(f"data: {json.dumps(document)}\n\n".encode())
    handler.wfile.flush()


@contextmanager
def fake_chat() -> Iterator[FakeChat]:
    with FakeChat() as chat:
        thread = Thread(target=chat.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield chat
        finally:
            chat.shutdown()
            thread.join(5)
