"""Any file as questions."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import SourceError
from seekpoint.query.evaluation.question_file import read_questions
from tests import fuzzing
from tests.fuzzing import is_line, json_texts

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
