"""Types of parameters that the HTTP API, the pages and the assistants' tools share, and errors for invalid ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from seekpoint.index.types import Kind
from seekpoint.query.search.settings import OPTION_HELP

LONGEST_SECTION = 300
LONGEST_LANGUAGE = 35
"""RFC 5646, section 4.4.1: the longest tag that programs should expect has 35 characters."""
LONGEST_ID = 100
_LONGEST_DATE = 40

_SHOWN = 40
# The form of a language tag for those who read the document; `check_language` refuses others in better words.
_LANGUAGE = r"^\s*([A-Za-z]{2,3}([-_][\s\S]*)?)?\s*$"

OrNone = BeforeValidator(lambda value: value or None)
"""Takes an empty value for none: a form sends the fields that aren't filled in too."""

LanguageTag = Annotated[Annotated[str, Field(max_length=LONGEST_LANGUAGE)] | None, OrNone]
ResourceId = Annotated[Annotated[str, Field(max_length=LONGEST_ID)] | None, OrNone]
KindFilter = Annotated[Kind | None, OrNone, Field(description=OPTION_HELP["kind"])]
SectionFilter = Annotated[
    Annotated[str, Field(max_length=LONGEST_SECTION)] | None,
    OrNone,
    Field(description=OPTION_HELP["section"]),
]
SpeakerFilter = Annotated[
    Annotated[str, Field(max_length=LONGEST_SECTION)] | None,
    OrNone,
    Field(description=OPTION_HELP["speaker"]),
]
# `filters_of` says what is wrong with others.
_Date = Annotated[Annotated[str, Field(max_length=_LONGEST_DATE)] | None, OrNone]
AfterFilter = Annotated[_Date, Field(description=OPTION_HELP["after"])]
BeforeFilter = Annotated[_Date, Field(description=OPTION_HELP["before"])]
AddedFilter = Annotated[_Date, Field(description=OPTION_HELP["added"])]
LanguageFilter = Annotated[
    Annotated[str, Field(max_length=LONGEST_LANGUAGE, json_schema_extra={"pattern": _LANGUAGE})] | None,
    OrNone,
    Field(description=OPTION_HELP["language"]),
]
Offset = Annotated[int, Field(ge=0, description="How many to pass over.")]


def unknown_parameter(name: str, given: Iterable[str], known: Collection[str]) -> str | None:
    """The error for a parameter that `name` doesn't take; `None` if it takes all that are given."""
    excess = [each for each in given if each not in known]
    if not excess:
        return None
    return f"{name} takes no `{excess[0][:_SHOWN]}`, but {', '.join(known) or 'no parameters'}"


def invalid_parameters(errors: Iterable[Mapping[str, Any]]) -> str:
    """The error for invalid parameters, from pydantic's errors."""
    said = []
    for error in errors:
        # FastAPI names the part of the request before the parameter, pydantic the type of a union after it.
        name = next((part for part in error["loc"] if part not in ("query", "path")), "parameters")
        said.append(f"`{name}`: {error['msg'][:1].lower()}{error['msg'][1:]}")
    return "; ".join(said)
