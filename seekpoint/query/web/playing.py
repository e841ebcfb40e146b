"""What plays beside an answer: the resource and the second that an address names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource
from seekpoint.query.answers import Moment
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web.parameters import PageParameters
from seekpoint.query.web.view_models import Player, player_of, resource_href


@dataclass(frozen=True, slots=True)
class Playing:
    """A resource that plays from a second on; `here` is that place on its own page, in a `language`."""

    resource: Resource
    player: Player
    start: float
    language: str | None

    @property
    def title(self) -> str:
        return clean(self.resource.title) or self.resource.id

    @property
    def here(self) -> str:
        return resource_href(self.resource, self.start, self.language)

    @classmethod
    def of(cls, parameters: PageParameters, moments: Sequence[Moment], cache: ResourceCache) -> Playing | None:
        """What the parameters `play` and `t` name; `None` if nothing here plays under that id.

        The language is that of the answer's moment which is nearest to the second.
        """
        resource = cache.resource(parameters.play) if parameters.play else None
        player = player_of(resource) if resource else None
        if resource is None or player is None:
            return None
        start = min(parameters.t or 0.0, cache.duration(resource.id))
        own = [moment for moment in moments if moment.resource.id == resource.id]
        nearest = min(own, key=lambda moment: abs((moment.start or 0.0) - start), default=None)
        languages = [each.language for each in cache.transcripts(resource.id)]
        return cls(resource, player, start, nearest.language if nearest else next(iter(languages), None))
