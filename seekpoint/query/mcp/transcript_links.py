"""Addresses of transcripts as MCP resources, and links to them.

An address names a resource and a place in it, so that a long transcript is read window by window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcp.shared.uri_template import UriTemplate
from mcp.types import Resource as ListedTranscript
from mcp.types import ResourceLink

from seekpoint.index.types import ResourceStatus
from seekpoint.query.mcp.results import FoundMoment, section, title

TEMPLATE = "seekpoint://transcript/{resource}{?at,heading,page,minutes,language}"
"""The template (RFC 6570) of a transcript's address; its parameters are those of the tool `transcript`."""

MEDIA_TYPE = "application/json"

_TEMPLATE = UriTemplate.parse(TEMPLATE)


def transcript_address(resource_id: str, at: float | None = None, language: str | None = None) -> str:
    """The address of a transcript from a place on, in seconds; of its start without one."""
    place = {} if at is None else {"at": f"{at:.3f}".rstrip("0").rstrip(".")}
    return _TEMPLATE.expand({"resource": resource_id, **place, **({"language": language} if language else {})})


def transcript_link(moment: FoundMoment) -> ResourceLink:
    """The link to a moment's transcript, from the moment on."""
    uri = transcript_address(moment.resource, moment.at, moment.language)
    return ResourceLink(uri=uri, name=moment.title or moment.resource, mime_type=MEDIA_TYPE)


def transcript_links(moments: Iterable[FoundMoment]) -> list[ResourceLink]:
    """A link for each resource of the moments, to its best one."""
    best: dict[str, FoundMoment] = {}
    for moment in moments:
        best.setdefault(moment.resource, moment)
    return [transcript_link(moment) for moment in best.values()]


def listed_transcripts(statuses: Iterable[ResourceStatus]) -> Iterator[ListedTranscript]:
    """What is indexed, for a client's list of resources."""
    for status in statuses:
        if status.chunks:
            uri, name = transcript_address(status.resource.id), title(status.resource) or status.resource.id
            yield ListedTranscript(uri=uri, name=name, description=section(status.resource), mime_type=MEDIA_TYPE)
