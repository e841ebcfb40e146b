"""What `serve --edit` lets the page do, with the builds in the server's own process and a model of the tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from httpx2 import Response
from lxml.html import fromstring
from starlette.testclient import TestClient

from seekpoint.cli.build_process import CHECKS, ProgressEvents, carry_out, take_out
from seekpoint.index.address import Address
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.open import open_writer
from seekpoint.index.types import ResourceStatus, State
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.query.web.builds import BuildOrder, Builds, Tell
from seekpoint.query.web.forms import Editing
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.served import eventually

TALK = webvtt("欢迎", "缓存把键和值留下来", "a cache keeps keys", seconds=20)
"""Captions in two languages."""


def editing(library: Address, make_web: Callable[[], Web] = Web) -> Editing:
    """Builds as in the child of `serve`, but without translations, which take seconds; each from a web of the tests."""

    def build(order: BuildOrder, tell: Tell, stop: Event) -> str:
        events = ProgressEvents(tell)
        return carry_out(library, order, make_web(), events, encoder=TopicEncoder(), pace=0.0, translate=False)

    return Editing(Builds(build), partial(take_out, library), CHECKS)


def upload(client: TestClient, *files: tuple[str, bytes], **fields: str) -> str:
    """Send files by the form; returns where it leads, or what is wrong."""
    hidden = {name: value for name, value in form(client, "/list", "/add/file").items() if name in ("secret", "back")}
    parts = [("file", (name, content)) for name, content in files]
    sent = client.post("/add/file", data=hidden | fields, files=parts)
    return sent.headers["location"] if sent.status_code == 303 else f"{sent.status_code} {sent.text}"


def add(client: TestClient, editing: Editing, *addresses: str) -> str:
    fields = form(client, "/list", "/add/address") | {"addresses": "\n".join(addresses)}
    assert client.post("/add/address", data=fields).status_code == 303
    return built(editing)


def retry(client: TestClient, editing: Editing) -> str:
    assert client.post("/add/retry", data=form(client, "/list", "/add/retry")).status_code == 303
    return built(editing)


def remove(client: TestClient, resource_id: str) -> Response:
    return client.post("/add/remove", data=form(client, "/list", "/add/remove") | {"resource": resource_id})


def built(editing: Editing) -> str:
    builds = editing.builds
    eventually(lambda: not builds.progress.is_running)
    progress = builds.progress
    return progress.error or progress.outcome


def statuses(library: Path) -> dict[str, ResourceStatus]:
    """The resources of a library that is whole, by title."""
    with EmbeddedReader.open(library) as reader:
        reader.verify()
        return {status.title: status for status in reader.statuses()}


def defer(library: Address, resource_id: str, retry_after: float = 1.0) -> None:
    """Have a resource wait for a time, which is past."""
    with open_writer(library) as writer:
        writer.set_state(resource_id, State.DEFERRED, reason="it was busy", retry_after=retry_after)


def form(client: TestClient, page: str, action: str) -> dict[str, str]:
    forms = fromstring(client.get(page).text).forms
    fields = next(form.fields for form in forms if form.action == action)
    return {name: value or "" for name, value in fields.items()}
