"""Options of the builds that an assistant or a page starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from seekpoint.hosts import host_of, is_private_host
from seekpoint.index.address import Address
from seekpoint.index.errors import UsageError
from seekpoint.index.open import open_reader
from seekpoint.index.text.clean import clean, counted, without_passwords
from seekpoint.index.types import Kind, NamedBy, Resource
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.reading_list.addresses import address_of, resource_of
from seekpoint.indexer.reading_list.parser import remote_list_of

NEWEST = 10
"""How many videos an assistant takes of a channel."""

_SHOWN = 80


def added(addresses: Sequence[str], named_by: NamedBy) -> BuildOptions:
    """The options of a build of addresses of videos, playlists, channels, pages and papers, each a source.

    Raises UsageError for other sources that a build takes: a path would let others read files of this machine, a list
    would let them add any number of addresses. No address leads into a private network, but for those that the owner
    has built.
    """
    for address in addresses:
        checked(address)
    return BuildOptions(addresses, named_by=named_by)


def check_one(address: str) -> None:
    """Raise UsageError unless it is one address of the web, and not plainly in a private network.

    For an assistant, which can't take out again what it has added.
    """
    resource, shown = checked(address), clean(address)[:_SHOWN]
    if len(address.split()) != 1 or not address.strip().isprintable():
        raise UsageError(f"{shown!r} isn't an address: it has no spaces, and one is added at a time")
    host = host_of(resource.url)
    if not host:
        raise UsageError(f"{shown!r} isn't an address: check its host")
    if is_private_host(host):
        raise UsageError(f"{shown!r} is in a private network: it is added with `seekpoint build`")


def checked(address: str) -> Resource:
    """The resource at an address; raises UsageError if it isn't an address of the web, or is one of a list."""
    shown = clean(address)[:_SHOWN]
    resource = resource_of(address)
    if resource is None:
        raise UsageError(
            f"{shown!r} is no address of the web: give one that begins with https://; files and folders are added with "
            "`seekpoint build`"
        )
    if without_passwords(resource.url) != resource.url:
        raise UsageError(
            f"{without_passwords(shown)!r} holds a password, which all who use the library would see: leave it out, or "
            "have it built with `seekpoint build`"
        )
    if resource.kind is Kind.PAGE and remote_list_of(resource.url):
        raise UsageError(
            f"{resource.url[:_SHOWN]} names a list: give the addresses in it one by one, or have it built with "
            "`seekpoint build`"
        )
    return resource


def due(library: Address, say: Callable[[str], None], *, at_once: bool = False) -> BuildOptions:
    """The options of a build of the due resources, or with `at_once` of all deferred ones; raises LibraryError.

    Files are left out, since they may lie elsewhere. So are playlists that a list names, since the list is what holds
    their videos; one that was added by itself is listed again. No address leads into a private network.
    """
    now = time.time()
    with open_reader(library) as reader:
        ids = [key for key, standing in reader.standings().items() if standing.is_due(now, at_once=at_once)]
        resources = [status.resource for status in reader.statuses(ids)]
        sources = {section.source for section in reader.sections()}
    addresses = (address_of(resource) for resource in resources if resource.kind is Kind.PLAYLIST)
    playlists = [address for address in addresses if address in sources]
    others = (resource for resource in resources if resource.kind is not Kind.PLAYLIST)
    stored = [resource.id for resource in others if resource.url.startswith(("http://", "https://"))]
    if left_out := len(resources) - len(playlists) - len(stored):
        say(f"{counted(left_out, 'resource')} left out, files or playlists of a list: build that list again")
    return BuildOptions(playlists, retry=at_once, named_by=NamedBy.PAGE, stored=stored)
