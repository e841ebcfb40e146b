"""Adds what addresses of the web name to a library, for an assistant or a page that others use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from seekpoint.index.address import Address, ServerAddress
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_reader
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Encoder, Kind, NamedBy, Resource
from seekpoint.indexer.events import BuildEvents
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.network import check_name
from seekpoint.indexer.fetch.retries import PrivateAddress
from seekpoint.indexer.fetch.robots import PACE
from seekpoint.indexer.pipeline.build import Report, Request, build
from seekpoint.indexer.pipeline.planner import Choices
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.reading_list.download import remote_list_of
from seekpoint.indexer.sources import Sources

NEWEST = 10
"""How many videos an assistant takes of a channel."""

_SHOWN = 80


def add(
    addresses: Sequence[str],
    library: Address,
    web: Web,
    events: BuildEvents,
    *,
    named_by: NamedBy,
    limit: int | None = None,
    encoder: Encoder | None = None,
    pace: float = PACE,
    translate: bool = True,
) -> Report:
    """Build from addresses of videos, playlists, channels, pages and papers, each a source; raises what `build` does.

    `named_by` is who adds them, `limit` the number of videos taken of a channel. UsageError for what else a build
    takes: a path would let others read files of this machine, a list would let them add any number of addresses. No
    address leads into a private network, but for those that the owner has built.
    """
    for address in addresses:
        _checked(address)
    request = Request(addresses, limit=limit, translate=translate, named_by=named_by)
    return build(request, library, Sources.through(web, (), pace, limit), encoder=encoder, events=events)


def check_one(address: str) -> None:
    """Raise UsageError for what isn't one address of the web, or is plainly in a private network.

    For an assistant, which can't take out again what it has added.
    """
    resource, shown = _checked(address), clean(address)[:_SHOWN]
    if len(address.split()) != 1 or not address.strip().isprintable():
        raise UsageError(f"{shown!r} isn't an address: it has no spaces, and one is added at a time")
    try:
        check_name(urlsplit(resource.url).hostname or "")
    except PrivateAddress:
        raise UsageError(f"{shown!r} is in a private network: it is added with `seekpoint build`") from None
    except ValueError:
        raise UsageError(f"{shown!r} isn't an address: check its host") from None


def _checked(address: str) -> Resource:
    """The resource at an address; raises UsageError for what is no address of the web, or one of a list."""
    shown = clean(address)[:_SHOWN]
    resource = resource_of(address)
    if resource is None:
        raise UsageError(
            f"{shown!r} is no address of the web: give one that begins with https://; files and folders are added with "
            "`seekpoint build`"
        )
    if resource.kind is Kind.PAGE and remote_list_of(resource.url):
        raise UsageError(
            f"{resource.url[:_SHOWN]} names a list: give the addresses in it one by one, or have it built with "
            "`seekpoint build`"
        )
    return resource


_WEB = ("http://", "https://")


def retry(
    library: ServerAddress,
    web: Web,
    events: BuildEvents,
    *,
    at_once: bool = False,
    encoder: Encoder | None = None,
    pace: float = PACE,
    translate: bool = True,
) -> Report:
    """Build what is due, or with `at_once` all that waits; raises what `build` does.

    Files are left out, since they may lie elsewhere. So are playlists that a list names, since the list is what holds
    their videos; one that was added by itself is listed again. No address leads into a private network.
    """
    now = time.time()
    with open_reader(library) as reader:
        due = [key for key, standing in reader.standings().items() if standing.is_due(now, at_once=at_once)]
        resources = reader.resources(due).values()
        sources = {section.source for section in reader.sections()}
    playlists = [one.url for one in resources if one.kind is Kind.PLAYLIST and one.url in sources]
    stored = [one.id for one in resources if one.kind is not Kind.PLAYLIST and one.url.startswith(_WEB)]
    _tell_left_out(len(resources) - len(playlists) - len(stored), events)
    choices = Choices(retry=at_once)
    request = Request(playlists, choices=choices, translate=translate, named_by=NamedBy.PAGE, stored=stored)
    return build(request, library, Sources.through(web, pace=pace), encoder=encoder, events=events)


def _tell_left_out(number: int, events: BuildEvents) -> None:
    if number:
        events.say(f"{counted(number, 'resource')} left out, files or playlists of a list: build that list again")
