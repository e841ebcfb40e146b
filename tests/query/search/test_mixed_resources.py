"""An answer from several resources though one has more moments than fit, and the number as every door takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.types import Encoder
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import serving

COUNTS = {"aaaaaaaaaaa": 6, "bbbbbbbbbbb": 2, "ccccccccccc": 1}
QUESTIONS = {"a mask hides the future": "What does the mask hide?", "掩码把未来藏起来": "掩码藏了什么？"}
ORDERS = {None: ("aabbc", 4), 1: ("abcaa", 3), 3: ("aaabb", 3), 100: ("aaaaa", 1)}


def found(answer: Mapping[str, Any]) -> tuple[str, int]:
    """The resources of an answer's moments by their first letters, and how many more the first one has."""
    moments = answer["moments"]
    return "".join(moment["resource"]["id"][0] for moment in moments), moments[0].get("more", 0)


def build(folder: Path, words: str, encoder: Encoder | None) -> Path:
    """A library in which one talk says what the others say, but more often."""
    for video_id, count in COUNTS.items():
        (folder / f"talk [{video_id}].vtt").write_text(webvtt(*[words] * count, seconds=60), encoding="utf-8")
    (folder / "list.md").write_text("\n".join(f"- https://youtu.be/{video_id}" for video_id in COUNTS), "utf-8")
    seekpoint.build(folder / "list.md", folder / "library", captions=folder, encoder=encoder, translate=False)
    return folder / "library"


@pytest.fixture(scope="module", params=QUESTIONS)
def flooded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Such a library, and a question for it."""
    return build(tmp_path_factory.mktemp("flooded"), request.param, TopicEncoder()), QUESTIONS[request.param]


@pytest.mark.parametrize("per_resource", ORDERS)
def test_python_and_http_mix_resources_as_they_are_told(flooded: tuple[Path, str], per_resource: int | None) -> None:
    library, question = flooded
    given: dict[str, Any] = {} if per_resource is None else {"per_resource": per_resource}
    answer = seekpoint.ask(question, library, encoder=TopicEncoder(), **given)
    assert ("".join(each.resource.id[0] for each in answer.moments), answer.moments[0].more) == ORDERS[per_resource]
    with serving(library) as client:
        assert found(client.get("/api/ask", params={"q": question, **given}).json()) == ORDERS[per_resource]
        assert client.get("/api/ask", params={"q": question, "per_resource": 0}).status_code == 400
        page = client.get("/", params={"q": question, "k": 8, **given}).text
        shown = re.findall(r'id="m(\d+)" (?:[^>]*><a class="go" )?href="[^"]*v=(\w)', page)
        assert "".join(name for _, name in sorted(shown)[:5]) == ORDERS[per_resource][0]


def test_within_one_resource_nothing_else_is_near(flooded: tuple[Path, str]) -> None:
    library, question = flooded
    answer = seekpoint.ask(question, library, resource="aaaaaaaaaaa", encoder=TopicEncoder())
    assert [each.more for each in answer.moments] == [1] * 5


@pytest.mark.model
def test_the_command_mixes_resources_as_it_is_told(tmp_path: Path) -> None:
    words, question = next(iter(QUESTIONS.items()))
    call = ["ask", "--json", question, "--index", str(build(tmp_path, words, None))]
    for per_resource, expected in ORDERS.items():
        option = [] if per_resource is None else ["--per-resource", str(per_resource)]
        assert found(json.loads(CliRunner().invoke(cli, [*call, *option]).stdout)) == expected
    assert CliRunner().invoke(cli, [*call, "--per-resource", "0"]).exit_code == 2
