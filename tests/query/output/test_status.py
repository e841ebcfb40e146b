from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Chapter, Details, Kind, ModelCard, Origin, Resource, ResourceStatus, Section, State
from seekpoint.indexer.fetch.youtube_failures import blocked
from seekpoint.query.output import status
from seekpoint.query.output.json import StatusJson
from tests.cli.here import call
from tests.index.libraries import CARD as STORED_CARD
from tests.index.libraries import embedded
from tests.query.output.examples import assert_valid

CARD = ModelCard("topics", 8, "abc")
INDEXED = ResourceStatus(
    Resource("aaaaaaaaaaa", Kind.VIDEO, "Masks", "https://www.youtube.com/watch?v=aaaaaaaaaaa", (("One", "Two"),)),
    State.INDEXED,
    languages=("en", "zh"),
    transcript=Origin.MANUAL,
    chunks=3,
    seconds=120.5,
    chapters=(Chapter(0.0, "开场"), Chapter(60.5, "Masks\u202e", generated=True)),
)
DEFERRED = ResourceStatus(
    Resource("bbbbbbbbbbb", Kind.VIDEO, "注意力\x1b[31m", "https://www.youtube.com/watch?v=bbbbbbbbbbb"),
    State.DEFERRED,
    reason=Reason.of("YouTube blocks this address"),
    retry_after=1_780_000_000.0,
)


def test_json_is_the_contract() -> None:
    result = json.loads(json.dumps(status.to_json(Path("/library"), CARD, [INDEXED, DEFERRED])))
    assert result["model"] == {"name": "topics", "dimension": 8, "fingerprint": "abc"}
    states = {"indexed": 1, "no_transcript": 0, "unavailable": 0, "deferred": 1, "pending": 0}
    assert result["totals"] == {"resources": 2, **states, "chunks": 3, "seconds": 120.5}
    assert result["resources"][0] == {
        "id": "aaaaaaaaaaa",
        "kind": "video",
        "title": "Masks",
        "url": "https://www.youtube.com/watch?v=aaaaaaaaaaa",
        "sections": [["One", "Two"]],
        "listed": [],
        "state": "indexed",
        **{"reason": None, "reason_code": None, "retry_after": None},
        "languages": ["en", "zh"],
        "transcript": "manual",
        "chunks": 3,
        "chapters": [
            {"start": 0.0, "title": "开场", "generated": False},
            {"start": 60.5, "title": "Masks", "generated": True},
        ],
    }
    assert result["resources"][1]["retry_after"] == "2026-05-28T20:26:40+00:00"
    assert_valid(StatusJson, status.to_json(Path("/资料"), CARD, [INDEXED, DEFERRED]))
    assert_valid(StatusJson, status.to_json(Path("/library"), CARD, []))


OK, LATER, GONE, LACKS = State.INDEXED, State.DEFERRED, State.UNAVAILABLE, State.NO_TRANSCRIPT
NOW = datetime(2026, 11, 25, 12, 0).timestamp()
ZONE = datetime.fromtimestamp(NOW).astimezone().isoformat()[-6:]
HOUR, DAY = 3600.0, 86_400.0
OWN = "; captions of your own go in at once with --captions DIR"
AGAIN = "a build after 2026-12-25 looks again"


def of(
    name: str, state: State, reason: str | None = None, due: float | None = None, kind: Kind = Kind.VIDEO
) -> ResourceStatus:
    """The status of a resource; `due` is in seconds from now."""
    resource = Resource(name, kind, f"Talk {name}", f"https://www.youtube.com/watch?v={name}")
    return ResourceStatus(resource, state, Reason.of(reason) if reason else None, None if due is None else NOW + due)


def text_of(
    statuses: Sequence[ResourceStatus] = (), sections: Sequence[Section] = (), *, is_building: bool = False
) -> str:
    return status.to_text(Path("/library"), CARD, statuses, sections, NOW, is_building=is_building)


def failures(*statuses: ResourceStatus) -> str:
    """The text below the totals."""
    return text_of(statuses).partition("\n\n")[2]


# The lists


def test_totals_come_first_and_each_list_counts_by_heading_in_columns() -> None:
    many = {f"e{k}": OK if k % 2 else LATER for k in range(12)}
    sections = [
        Section("/lists/talks.md", ("Basics",), many),
        Section("/lists/talks.md", ("Basics", "注意力机制"), {"a": OK}),
        Section("/lists/talks.md", ("Advanced", "位置编码", "Rotary"), {"b": LATER, "c": OK}),
        Section("/lists/talks.md", (), {"d": GONE}),
        Section("https://example.org/列表.md", (), {"a": OK}),
    ]
    assert text_of([INDEXED, DEFERRED]).splitlines()[:3] == [
        "Library /library, model topics (8 dimensions)",
        "Resources: 2 (1 indexed, 1 deferred)",
        "Chunks: 3, from 0.0 hours of talk",
    ]
    assert "Resources: 0 (none yet)" in text_of()
    assert text_of(sections=sections).partition("\n\n")[2] == (
        "/lists/talks.md: 8 of 16 indexed\n"
        "   6 of 12  Basics\n"
        "   1 of  1    注意力机制\n"
        "            Advanced\n"
        "              位置编码\n"
        "   1 of  2      Rotary\n"
        "   0 of  1  (no heading)\n"
        "\n"
        "https://example.org/列表.md: 1 of 1 indexed"
    )


def test_an_entry_counts_once_for_the_list_and_those_on_none_say_how_to_take_them_out() -> None:
    lists = [Section("l.md", ("A",), {"x": OK, "y": LATER}), Section("l.md", ("乙",), {"x": OK})]
    text = text_of(sections=[*lists, Section("", ("旧",), {"y": OK, "z": LATER})])
    assert "l.md: 1 of 2 indexed\n  1 of 2  A\n  1 of 1  乙" in text
    assert text.endswith("2 no longer on a list: `seekpoint build LIST --prune` takes them out\n  1 of 2  旧")


# What isn't indexed


def test_a_block_is_told_once_with_the_time_and_the_other_ways() -> None:
    reason = blocked().reason
    assert "--cookies FILE" in reason and "--proxy URL" in reason
    videos = [of(f"讲座{k}", LATER, reason, 6 * HOUR + 2400 + k) for k in range(30)]
    lines = failures(*videos).splitlines()
    assert lines[:3] == [
        f"deferred (30): {reason}",
        f"  build again after 2026-11-25 18:40{ZONE}{OWN}",
        "    Talk 讲座0  https://www.youtube.com/watch?v=讲座0",
    ]
    assert len(lines) == 32


def test_very_many_are_named_in_part_with_when_the_first_and_the_last_are_due() -> None:
    fault = "YouTube has a fault of its own (HTTP 500)"
    many = [of(f"注意力{k}", LATER, fault, DAY - k) for k in range(1250)]
    many.append(of("a", LATER, fault, HOUR))
    text = failures(*many)
    assert f"after 2026-11-25 13:00{ZONE} (the last of them: 2026-11-26 12:00{ZONE}); captions" in text
    assert sum("Talk" in line for line in text.splitlines()) == 100
    assert text.endswith("\n    and 1,151 more: `seekpoint status --json` names all")
    few = failures(*many[:100])
    assert few.count("Talk") == 100 and "more" not in few


@pytest.mark.parametrize(
    ("resource", "reason", "remedy"),
    [
        (of("a", LATER, "blocked", HOUR), "deferred: blocked", f"build again after 2026-11-25 13:00{ZONE}{OWN}"),
        (of("a", LATER, "封锁", HOUR, Kind.PLAYLIST), "deferred: 封锁", f"build again after 2026-11-25 13:00{ZONE}"),
        (of("a", LATER, "blocked", -1.0), "deferred: blocked", "due: build again"),
        (of("a", LATER, "no connection"), "deferred: no connection", "build again"),
        (of("a", State.PENDING), "pending: an interrupted build had not come to it: build again", None),
        (of("a", GONE, "私人视频", 30 * DAY), "unavailable: 私人视频", AGAIN),
        (of("a", GONE, "YouTube: private", -DAY), "unavailable: YouTube: private", "due: build again"),
        (of("a", GONE, "[Private video]"), "unavailable: [Private video]", None),
        (of("a", LACKS, "it has none", 30 * DAY), "no transcript: it has none", AGAIN + OWN),
        (of("a", LACKS, "put a.en.vtt there", kind=Kind.RECORDING), "no transcript: put a.en.vtt there", None),
        (
            of("a", OK, "blocked", HOUR, Kind.PLAYLIST),
            "indexed, but not brought up to date: blocked",
            f"build again after 2026-11-25 13:00{ZONE}",
        ),
    ],
)
def test_every_failure_says_why_and_what_to_do(resource: ResourceStatus, reason: str, remedy: str | None) -> None:
    lines = [reason, *([f"  {remedy}"] if remedy else []), "    Talk a  https://www.youtube.com/watch?v=a"]
    assert failures(resource).splitlines() == lines


def test_captions_of_ones_own_are_only_offered_for_youtubes_videos() -> None:
    elsewhere = of("a", LACKS, "it has none", 30 * DAY)
    resource = replace(elsewhere.resource, url="https://vimeo.com/76979871")
    assert AGAIN in failures(elsewhere) and OWN in failures(elsewhere)
    shown = failures(replace(elsewhere, resource=resource))
    assert AGAIN in shown and OWN not in shown


def test_a_running_build_is_named_and_no_other_one_is_asked_for_beside_it() -> None:
    fault, blocked = "no connection", "blocked"
    resources = [
        of("a", State.PENDING),
        of("掩码", LATER, fault),
        of("c", LATER, fault, -1.0),
        of("d", LATER, blocked, HOUR),
    ]
    shown = text_of(resources, is_building=True).splitlines()
    assert shown[3] == "A build is running: this is what it has stored so far"
    assert "pending: a build is running and hasn't come to it yet" in shown
    assert "  build again when the running build has ended" in shown
    assert "  due: build again when the running build has ended" in shown
    assert f"  build again after 2026-11-25 13:00{ZONE}{OWN}" in shown, "a time that the running build doesn't change"
    assert "A build is running" not in text_of(resources)


def test_other_reasons_are_other_groups_and_states_stay_together() -> None:
    assert failures(INDEXED, of("p", OK, kind=Kind.PLAYLIST)) == ""
    bare = of("c", LATER, "blocked", -HOUR)
    result = failures(
        of("a", LATER, "blocked", HOUR),
        of("b", GONE, "私人"),
        replace(bare, resource=replace(bare.resource, title=bare.resource.url)),
        of("d", GONE, "deleted"),
        of("e", GONE, "私人"),
    )
    assert [line for line in result.splitlines() if line and line[0] != " "] == [
        "unavailable (2): 私人",
        "unavailable: deleted",
        "deferred: blocked",
        "deferred: blocked",
    ]
    assert "    https://www.youtube.com/watch?v=c" in result.splitlines(), "a bare address is shown once"


def test_nothing_from_outside_reaches_the_terminal_unclean() -> None:
    evil = "\x1b[31mred\x1b]0;owned\x07\n\u202e" + "字" * 500 + "{due} %s [bold]"
    failed = ResourceStatus(
        Resource("x", Kind.VIDEO, evil, f"https://a.org/{evil}"), LATER, Reason.of(evil), NOW + HOUR
    )
    text = status.to_text(
        Path(f"/{evil}"),
        ModelCard(evil, 8, "abc"),
        [failed],
        [Section(evil, (evil, evil), {"x": LATER}), Section("", (evil,), {"y": GONE})],
        NOW,
    )
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text) == []
    assert len(text.splitlines()) == 14
    assert text.count("{due} %s [bold]") == 9


# The command


def test_the_command_shows_lists_and_failures_and_a_check_says_in_a_line_that_all_is_well(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, STORED_CARD) as writer:
        entries = [INDEXED.resource, replace(DEFERRED.resource, sections=(("One", "二"),))]
        writer.register("/lists/talks.md", entries)
        writer.commit(INDEXED.resource.id, [embedded(["the mask hides 掩码"])], Details(), "by hand")
        writer.set_state(DEFERRED.resource.id, State.DEFERRED, reason="blocked", retry_after=time.time() + 2 * HOUR)
    where = ("--index", tmp_path)
    plain, checked = call("status", *where), call("status", "--check", *where)
    assert (plain.exit_code, plain.stderr) == (0, "")
    assert "/lists/talks.md: 1 of 2 indexed\n          One\n  1 of 1    Two\n  0 of 1    二\n" in plain.stdout
    assert "deferred: blocked\n  build again after 20" in plain.stdout
    line = "Checked: all files are whole, as they were written"
    assert checked.stdout == f"{plain.stdout}\n{line}\n" and checked.exit_code == 0
    assert "resources" in json.loads(call("status", "--check", "--json", *where).stdout)
    with EmbeddedWriter.acquire(tmp_path):
        assert "A build is running" in call("status", *where).stdout
    assert "A build is running" not in call("status", *where).stdout
    words = next(path for path in tmp_path.glob("vectors-*"))
    words.write_bytes(words.read_bytes()[:-1] + b"x")
    broken = call("status", "--check", *where)
    assert broken.exit_code == 1 and line not in broken.stdout and len(broken.stderr.splitlines()) == 1
