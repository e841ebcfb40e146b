"""The order, the pictures and the remedies of the reading list's page."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

from seekpoint.index.types import Resource, ResourceStatus, State
from seekpoint.query.output import status as status_output

if TYPE_CHECKING:
    from seekpoint.query.serving.resource_cache import ResourceCache

_HUES = 8


def ordered(cache: ResourceCache, sort: str) -> list[ResourceStatus]:
    """All resources: by title, the longest, the newest, or those with a fault first; empty for the lists' order."""
    statuses = list(cache.statuses.values())
    if sort == "title":
        return sorted(statuses, key=lambda status: (status.title.casefold(), status.title))
    if sort == "length":
        return sorted(statuses, key=lambda status: -cache.duration(status.id))
    if sort == "state":
        states = list(State)
        return sorted(statuses, key=lambda status: -states.index(status.state))
    if sort == "added":
        return [cache.statuses[resource_id] for resource_id in reversed(cache.added) if resource_id in cache.statuses]
    return []


def hue(resource: Resource) -> int:
    """The colour of a resource's drawn picture, the same each time: 0 to 7."""
    return zlib.crc32(resource.id.encode()) % _HUES


def remedy(status: ResourceStatus) -> status_output.Remedy | None:
    """What the user can do about the state of a resource, as `status` says it."""
    return status_output.remedy(status, time.time())
