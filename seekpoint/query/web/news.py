"""The page of what is new on kept questions, its feed, and the requests that keep a question and drop it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from seekpoint.query.answers import Moment
from seekpoint.query.digest import Digest, digest, keep_question
from seekpoint.query.filters import seconds_since
from seekpoint.query.output.digest import to_rss
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.web import view_models
from seekpoint.query.web.forms import Editing, Form, Line
from seekpoint.query.web.parameters import fault_of
from seekpoint.query.web.problems import PageError
from seekpoint.query.web.security import FEED, NEW, AccessPolicy
from seekpoint.query.web.templating import page, path_of
from seekpoint.safe_links import is_web

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.serving.live_library import LiveLibrary

SPANS = ("1d", "7d", "30d", "365d")
"""The times back that the page offers."""


class QuestionForm(Form):
    """A question to keep with its other wordings, a line each, or to keep no longer."""

    question: Annotated[Line, Field(max_length=LONGEST_QUESTION)]
    also: str = ""


@dataclass(frozen=True, slots=True)
class NewsPages:
    """The page of what is new, and its feed; it has forms if there is an `editing`."""

    live: LiveLibrary
    editing: Editing | None
    policy: AccessPolicy

    @property
    def routes(self) -> list[Route]:
        forms = {"/kept/question": True, "/kept/question/drop": False} if self.editing else {}
        changing = [Route(path, partial(self.change, kept=kept), methods=["POST"]) for path, kept in forms.items()]
        return [Route(NEW, self.new), Route(FEED, self.feed), *changing]

    def new(self, request: Request) -> HTMLResponse:
        since = request.query_params.get("since", "7d")
        found = self._digest(since)
        feed = FEED if self.policy.token is None else f"{FEED}?token={self.policy.feed_token}"
        return page(
            request, "new", digest=found, since=since, spans=SPANS, feed=feed, opens_at=view_models.opens_at,
            keeping=self.editing and {"secret": self.editing.secret, "back": path_of(request)},
        )  # fmt: skip

    def feed(self, request: Request) -> Response:
        """What came in the last 30 days, as RSS."""
        found = self._digest(request.query_params.get("since", "30d"))
        own = str(request.base_url).rstrip("/")
        questions = (news._replace(moments=tuple(map(partial(_linked, own), news.moments))) for news in found.questions)
        # Not the page of what is new: a link of another site may not make the server ask.
        feed = to_rss(replace(found, questions=tuple(questions)), f"{own}/")
        return Response(feed, media_type="application/rss+xml; charset=utf-8")

    async def change(self, request: Request, *, kept: bool) -> Response:
        """Keep the question of a form, or no longer."""
        assert self.editing, "only then there are routes that change"
        form = await self.editing.form(request, QuestionForm)
        if kept and (fault := fault_of(form.question)):
            raise PageError(400, fault)

        def run() -> None:
            keep_question(self.live.address, form.question, form.also.splitlines(), kept=kept)
            self.live.refresh()

        await run_in_threadpool(run)
        return form.leave()

    def _digest(self, since: str) -> Digest:
        with self.live.reader() as reader:
            return digest(reader, partial(self.live.ask, within=reader), seconds_since(since))


def _linked(own: str, moment: Moment) -> Moment:
    """A moment whose link leads to this server's page of its resource, where it isn't on the web."""
    return moment if is_web(moment.link) else replace(moment, link=f"{own}{view_models.place_href(moment)}")
