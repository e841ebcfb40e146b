from __future__ import annotations

import json
from dataclasses import replace

from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Doubt, Explanation, Moment, Translation, Window
from seekpoint.query.output import terminal

RESOURCE = Resource(
    "wjZofJX0v4M",
    Kind.VIDEO,
    "什么是注意力",
    "https://www.youtube.com/watch?v=wjZofJX0v4M",
    (("Attention", "Masks"), ("More",)),
)
MOMENT = Moment(
    rank=1,
    score=0.83,
    resource=RESOURCE,
    language="zh",
    start=754.2,
    end=801.0,
    quote="现在讲掩码 and masks",
    link="https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    marks=((3, 5), (10, 15)),
)
ANSWER = Answer("什么是掩码？", True, (MOMENT,))
EXPLANATION = Explanation(
    0.9, 0.5, 0.55, False, ("掩码",), (Translation("掩码", ("masks",)),), (Window(750.0, 780.0, 0.9),)
)
EXPLAINED = Answer("什么是掩码？", True, (replace(MOMENT, explanation=EXPLANATION),), Doubt(0.2, ("Zorblax",)))


def test_json_is_the_contract() -> None:
    assert json.loads(json.dumps(terminal.to_json(ANSWER))) == {
        "question": "什么是掩码？",
        "answered": True,
        "moments": [
            {
                "rank": 1,
                "score": 0.83,
                "resource": {
                    "id": "wjZofJX0v4M",
                    "kind": "video",
                    "title": "什么是注意力",
                    "url": "https://www.youtube.com/watch?v=wjZofJX0v4M",
                    "sections": [["Attention", "Masks"], ["More"]],
                },
                "language": "zh",
                "start": 754.2,
                "end": 801.0,
                "timestamp": "12:34",
                "quote": "现在讲掩码 and masks",
                "link": "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
            }
        ],
    }


def test_json_names_the_chapter_only_where_there_is_one() -> None:
    with_chapter = terminal.to_json(Answer("q", True, (MOMENT, replace(MOMENT, chapter="位置编码"))))
    plain, titled = json.loads(json.dumps(with_chapter))["moments"]
    assert titled == plain | {"chapter": "位置编码"}
    assert "chapter" not in plain


def test_text_shows_title_time_language_sections_quote_and_link() -> None:
    assert terminal.to_text(ANSWER, styled=False).splitlines() == [
        "1. 什么是注意力  12:34 · zh",
        "   Attention › Masks",
        "   More",
        "   “现在讲*掩码* and *masks*”",
        "   https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
    ]


def test_the_chapter_stands_between_sections_and_quote() -> None:
    titled = Answer("q", True, (replace(MOMENT, chapter="位置编码 \x1b[31mA*\u202e"),))
    assert terminal.to_text(titled, styled=False).splitlines()[2:4] == [
        "   More",
        "   in: *位置编码 A**",
    ]
    assert "   in: \x1b[1m位置编码 A*\x1b[0m\n" in terminal.to_text(titled, styled=True)


def test_a_terminal_gets_bold_matches_and_a_link_to_click() -> None:
    text = terminal.to_text(ANSWER, styled=True)
    assert "讲\x1b[1m掩码\x1b[0m and" in text
    assert f"\x1b]8;;{MOMENT.link}\x1b\\" in text


def test_no_answer_is_said() -> None:
    assert terminal.to_text(Answer("?", False, ()), styled=False) == "Nothing here answers that."


def test_hostile_text_cannot_reach_the_terminal() -> None:
    hostile = "a\x1b[31mred\x07\u202etxt\n\x9bend"
    resource = Resource("x", Kind.VIDEO, hostile, "https://e.org/\x1b]8", ((hostile,),))
    moment = Moment(1, 0.5, resource, "en", 1.0, 2.0, hostile, resource.url, marks=((0, 4),))
    text = terminal.to_text(Answer("q", True, (moment,)), styled=False)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == 4


def test_the_nearest_moments_are_shown_where_nothing_answers() -> None:
    text = terminal.to_text(replace(ANSWER, answered=False), styled=False)
    assert text == f"Nothing here answers that; nearest:\n\n{terminal.to_text(ANSWER, styled=False)}"
    found = terminal.to_json(replace(ANSWER, answered=False))
    assert found == terminal.to_json(ANSWER) | {"answered": False}


def test_reasons_come_below_each_moment_and_what_is_needed_at_the_end() -> None:
    plain, lines = (terminal.to_text(answer, styled=False).splitlines() for answer in (ANSWER, EXPLAINED))
    assert lines[: len(plain)] == plain
    assert lines[len(plain)].strip().startswith("score 0.830 = ")
    assert lines[-2] == "" and lines[-1].endswith("since nothing here says Zorblax.")
    assert "   \x1b[2mwords said here: 掩码\x1b[0m\n" in terminal.to_text(EXPLAINED, styled=True)


def test_json_has_reasons_only_where_they_were_asked_for() -> None:
    plain, explained = terminal.to_json(ANSWER), json.loads(json.dumps(terminal.to_json(EXPLAINED)))
    assert explained.pop("doubt") == {"least_score": 0.2, "unknown": ["Zorblax"]}
    assert explained["moments"][0].pop("explanation")["matched"] == ["掩码"]
    assert explained == json.loads(json.dumps(plain))


def test_hostile_reasons_cannot_reach_the_terminal() -> None:
    hostile = "a\x1b[31mred\x07\u202etxt\n\x9b2J"
    why = replace(EXPLANATION, matched=(hostile,), translated=(Translation(hostile, (hostile,)),))
    answer = Answer(hostile, False, (replace(MOMENT, explanation=why),), Doubt(0.2, (hostile,)))
    text = terminal.to_text(answer, styled=False)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert len(text.splitlines()) == len(
        terminal.to_text(replace(EXPLAINED, answered=False), styled=False).splitlines()
    )
