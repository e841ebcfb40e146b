"""The forms of a page: the fields that a browser would send of them."""

from __future__ import annotations

from lxml.html import fromstring
from starlette.testclient import TestClient


def form(client: TestClient, page: str, action: str) -> dict[str, str]:
    """The names and values of the fields of a page's form with an address."""
    forms = fromstring(client.get(page).text).forms
    fields = next(form.fields for form in forms if form.action == action)
    return {name: value or "" for name, value in fields.items()}
