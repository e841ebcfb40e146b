"""Adds what one address of the web names to a library, for someone who isn't its user: an assistant."""

from __future__ import annotations

from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Encoder, Kind
from seekpoint.indexer.build.build import Report, Request, build
from seekpoint.indexer.build.events import BuildEvents
from seekpoint.indexer.fetch.pace import PACE
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.reading_list.download import remote_list_of
from seekpoint.indexer.sources import Sources

NEWEST = 10
"""How many videos are taken of a channel."""

_SHOWN = 80


def add(
    address: str, library: Address, web: Web, events: BuildEvents, *, encoder: Encoder | None = None, pace: float = PACE
) -> Report:
    """Build from the address of a video, playlist, channel, page or paper; raises what `build` does.

    UsageError for what else a build takes: a path would let an assistant read files of this machine, a list would let
    it add any number of addresses. No address leads into a private network.
    """
    resource = resource_of(address)
    if resource is None:
        raise UsageError(
            f"{clean(address)[:_SHOWN]!r} is no address of the web: give one that begins with https://; files and "
            "folders are added with `seekpoint build`"
        )
    if resource.kind is Kind.PAGE and remote_list_of(resource.url):
        raise UsageError(
            f"{resource.url[:_SHOWN]} names a list: give the addresses in it one by one, or let the user build it with "
            "`seekpoint build`"
        )
    request = Request([address], limit=NEWEST, may_be_private=False)
    return build(request, library, Sources.through(web, (), pace, NEWEST), encoder=encoder, events=events)
