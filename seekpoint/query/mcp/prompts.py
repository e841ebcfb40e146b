"""Prompts that a user may choose in an assistant: what to ask of it, told with the tools of this server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seekpoint.index.text.clean import clean

_LONGEST = 500

Topic = Annotated[str, Field(max_length=_LONGEST, description="What it is about, in a few words of any language.")]
Section = Annotated[
    str | None, Field(max_length=_LONGEST, description="Only what stands under a heading of the list with these words.")
]
Compared = Annotated[
    str | None, Field(max_length=_LONGEST, description="What to compare, by titles or ids; else what explains it best.")
]

_SOURCES = (
    "Take only what the library says. Cite each statement with its title, its time or page, and its link. Where "
    "`confidence` is none, say that the library doesn't have it. Write in the language of the topic."
)


def study(topic: Topic, section: Section = None) -> str:
    """Study a topic: a path through what the library has of it, from the basics on, with questions to check oneself."""
    within = f" Give `ask` the section “{clean(section)}” each time." if section else ""
    return (
        f"Help me to study this topic with my library: “{clean(topic)}”.\n\n"
        "1. Split the topic into three to six questions, from the basics to the details, and put each to `ask`."
        f"{within}\n"
        "2. Read around the best moments with `transcript`, until you understand how they explain it.\n"
        "3. Give me a path: which moments to watch or read, in which order, how long each takes, and what I learn "
        "there. Explain each step in two or three sentences.\n"
        "4. End with three questions by which I can check myself, each with the link where its answer begins.\n\n"
        f"{_SOURCES}"
    )


def compare(topic: Topic, resources: Compared = None) -> str:
    """Compare explanations: how the library's sources explain the same thing, where they differ, and which to take."""
    which = (
        f"Compare these: “{clean(resources)}”. Find their ids with `list_resources`, and give each to `ask` as "
        "`resource`."
        if resources
        else "Put it to `ask` with `k` of 10, and take the two to four resources that explain it best."
    )
    return (
        f"Compare how the sources of my library explain this: “{clean(topic)}”.\n\n"
        f"1. {which}\n"
        "2. Read each explanation with `transcript`, from the moment on until it ends.\n"
        "3. Say what all of them agree on. Then make a table with a row for each: its approach, its example, what it "
        "presumes, its length, the link.\n"
        "4. Name contradictions and gaps. Say which one to begin with, and for whom another is better.\n\n"
        f"{_SOURCES}"
    )
