"""Question files, and files that are none."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.query.evaluation.question_file import AnswerSpan, Question, read_questions
from tests import fuzzing
from tests.fuzzing import is_line, json_texts


def test_spans_other_videos_and_questions_without_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "问题.jsonl"
    file.write_text(
        '\ufeff{"qid": "a", "question": "为什么?", "qlang": "zh", "vlang": "en", "video_id": "v",'
        ' "spans": [[1, 2], [5, 9]], "also": [{"video_id": "w", "spans": [[3, 4]]}]}\n\n'
        '{"question": "why?", "video_id": "v", "start": 1.5, "end": 2}\n'
        '{"question": "what is not here?", "video_id": null}\n',
        "utf-8",
    )
    assert read_questions(file) == [
        Question("a", "为什么?", "zh", "en", (AnswerSpan("v", 1, 2), AnswerSpan("v", 5, 9), AnswerSpan("w", 3, 4))),
        Question("3", "why?", "", "", (AnswerSpan("v", 1.5, 2),)),
        Question("4", "what is not here?", "", "", ()),
    ]


def test_a_bad_line_is_named_and_files_without_questions_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    with pytest.raises(SourceError, match="can't read the questions in"):
        read_questions(file)
    for line in (
        *("why?", "[]", '{"question": "why?"}', '{"question": "why?", "video_id": "v"}'),
        *('{"question": " ", "video_id": null}', '{"question": 3, "video_id": null}'),
        '{"question": "why?", "video_id": "v", "spans": [[1]]}',
        '{"question": "why?", "video_id": "v", "spans": [["a", "b"]]}',
        '{"question": "why?", "video_id": "v", "spans": [[1, 2]], "also": [3]}',
    ):
        file.write_text('{"question": "good", "video_id": null}\n' + line, "utf-8")
        with pytest.raises(SourceError, match=r"questions\.jsonl, line 2: a question is a line of JSON"):
            read_questions(file)
    for data, told in ((b"\n \n", "no questions in it"), (b"\xff\xfe\x00", "not in UTF-8")):
        file.write_bytes(data)
        with pytest.raises(SourceError, match=told):
            read_questions(file)


KEYS = ("question", "video_id", "spans", "start", "end", "also", "qid", "qlang", "vlang")
LINE = json.dumps({"question": "掩码 hides?", "video_id": "a", "spans": [[1, 2.5]], "also": [{"start": 1, "end": 2}]})
lines = json_texts(*KEYS) | fuzzing.mutated(st.just(LINE))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions") / "问题.jsonl"


@given(st.binary() | fuzzing.encoded(st.lists(lines | st.just(LINE), max_size=3).map("\n".join)))
@example(b'{"question": "a", "video_id": "b", "spans": [[NaN, 1e999]]}')
@example(b'{"question": "\\ud800 \\u001b[31m", "video_id": "\\ud800", "spans": [[1, 2]]}')
@fuzzing.fuzz(100)
def test_any_file_has_questions_or_is_refused_in_a_line(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        questions = read_questions(file)
    except SourceError as error:
        assert is_line(str(error))
        return
    for question in questions:
        assert question.text.strip() and is_line(question.text)
        assert all(map(is_line, (question.id, question.language, question.video_language)))
        assert all(is_line(span.video_id) and isfinite(span.start) and isfinite(span.end) for span in question.spans)
