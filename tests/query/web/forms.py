"""The forms of a page: what a browser would send of them."""

from __future__ import annotations

from html.parser import HTMLParser

from starlette.testclient import TestClient


class Forms(HTMLParser):
    """The forms of a page, by their address: the names and values of the fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        elif tag in ("input", "textarea") and "name" in values:
            self.forms[-1][1][values["name"]] = values.get("value", "")

    def of(self, action: str) -> dict[str, str]:
        return next(fields for address, fields in self.forms if address == action)


def form(client: TestClient, page: str, action: str) -> dict[str, str]:
    return Forms(client.get(page).text).of(action)
