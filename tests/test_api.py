"""The public Python API: its calls, its types, and that results have the fields of the JSON."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

import seekpoint
from seekpoint.index.reasons import Reason
from seekpoint.index.types import ResourceStatus, State
from seekpoint.query.output import status as status_output
from seekpoint.query.output.json import to_json
from tests.fake_chat import Scripted
from tests.fakes import TopicEncoder
from tests.paths import ROOT

LIST = ROOT / "examples" / "reading-list.md"
QUESTION = "why does attention need a mask?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("api") / "library"
    seekpoint.build(LIST, library, encoder=TopicEncoder(), translate=False)
    return library


@pytest.fixture(scope="module")
def library(folder: Path) -> Iterator[seekpoint.Library]:
    with seekpoint.open_library(folder) as opened:
        yield opened


def assert_mirrored(result: object, document: object) -> None:
    """Assert that every field of a JSON document has the same name and value in the Python result."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            assert_mirrored(result[name] if isinstance(result, Mapping) else getattr(result, name), value)
    elif isinstance(document, list):
        assert isinstance(result, tuple | list)
        for item, value in zip(result, document, strict=True):
            assert_mirrored(item, value)
    else:
        assert result == document


def test_an_answer_has_the_fields_of_ask_json(library: seekpoint.Library) -> None:
    answer = library.ask(QUESTION, explained=True, encoder=TopicEncoder())
    assert answer.moments and answer.estimate and answer.moments[0].explanation
    assert_mirrored(answer, to_json(answer))
    translated = replace(answer.moments[0].explanation, translated=(seekpoint.Translation("mask", ("掩码",)),))
    paper = replace(answer.moments[0], start=None, end=None, chapter="Decoder", page=3, explanation=translated)
    answer = replace(answer, moments=(paper,), unknown=("zebra",))
    assert_mirrored(answer, to_json(answer))


def test_a_reader_of_ones_own_puts_first_what_it_cites(library: seekpoint.Library) -> None:
    model = Scripted(lambda prompt: "Because it hides the future [2a]." if "[2a]" in prompt else "NONE")
    for reader in (model, seekpoint.LanguageReader(model, seconds=5)):
        answer = seekpoint.ask(QUESTION, library, encoder=TopicEncoder(), k=2, reader=reader)
        assert isinstance(answer.reading, seekpoint.Reading)
        assert [sentence.text for sentence in answer.reading.sentences] == ["Because it hides the future."]
        assert answer.reading.sentences[0].citations[0].link == answer.moments[0].link
        assert to_json(answer)["reader"] == answer.reading.verdict == "answered"
        assert "Because it hides the future." in (answer._repr_html_() or "")
        ranked = library.ask(QUESTION, encoder=TopicEncoder(), k=2)
        assert ranked.reading is None and ranked.moments[0].link == answer.moments[1].link


def test_a_readers_model_translates_the_question(library: seekpoint.Library) -> None:
    model = Scripted(lambda _: "NONE", "zh: 为什么要用掩码？")
    assert library.ask(QUESTION, encoder=TopicEncoder(), reader=model).also == ("为什么要用掩码？",)
    assert library.ask(QUESTION, encoder=TopicEncoder()).also == ()


def test_the_status_has_the_fields_of_status_json(library: seekpoint.Library, folder: Path) -> None:
    """Python has the time of the next attempt as Unix seconds, the JSON as text."""
    status = library.status()
    document: Any = status_output.to_json(folder, status.model, status.resources, status.read)
    assert_mirrored(status, document)
    assert_mirrored(library.resources(), document["resources"])
    assert (status.library, status.totals["indexed"]) == (str(folder), 7)
    first = library.resources()[0].resource
    deferred = ResourceStatus(first, State.DEFERRED, Reason("youtube_refuses"), 1_800_000_000.0)
    status = seekpoint.LibraryStatus.of("library", status.model, [deferred, *status.resources])
    document = status_output.to_json(Path("library"), status.model, status.resources)
    assert document["resources"][0].pop("retry_after") == "2027-01-15T08:00:00+00:00"
    assert_mirrored(status, document)


@pytest.mark.slow
def test_the_python_of_the_docs_and_every_public_name_pass_mypy_strict(tmp_path: Path) -> None:
    """Mypy runs without this repository's settings, and without the models' libraries: they take half a minute."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
    script = "\n".join([*blocks, *(f"print(seekpoint.{name})" for name in seekpoint.__all__)])
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\n[mypy-torch.*,transformers.*,sentence_transformers.*]\nfollow_imports = skip\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=mypy.ini", f"--cache-dir={tmp_path / 'cache'}"]
    checked = subprocess.run([*command, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert checked.stdout.splitlines()[-1:] == ["Success: no issues found in 1 source file"], checked.stdout


def test_an_open_library_answers_under_filters_and_lists_resources_and_transcripts(
    library: seekpoint.Library, folder: Path
) -> None:
    answer = library.ask(QUESTION, k=2, encoder=TopicEncoder())
    assert answer.question == QUESTION
    assert [moment.rank for moment in answer.moments] == [1, 2]
    listed = {resource.id: resource for resource in library.resources()}
    titles = [resource.title for resource in listed.values()][:2]
    assert titles == ["Why attention: queries, keys and values", "多头注意力与自注意力"]
    assert all(moment.resource == listed[moment.resource.id].resource for moment in answer.moments)
    by_folder = seekpoint.ask(QUESTION, folder, k=2, encoder=TopicEncoder())
    assert by_folder == seekpoint.ask(QUESTION, library, k=2, encoder=TopicEncoder()) == answer

    encoder, (english, chinese) = TopicEncoder(), [*listed.values()][:2]
    reworded = library.ask(QUESTION, k=2, also=["为什么要用缓存？"], encoder=encoder)
    assert reworded.question == QUESTION and reworded.moments != answer.moments
    by_id = library.ask(QUESTION, resource=english.id, encoder=encoder)
    assert {moment.resource.id for moment in by_id.moments} == {english.id}
    by_section = library.ask(QUESTION, section="attention", language="en", encoder=encoder)
    assert all("Attention" in moment.resource.sections[0] for moment in by_section.moments)
    assert {moment.language for moment in by_section.moments} == {"en"}
    nothing = library.ask(QUESTION, kind="paper", encoder=encoder)
    assert nothing.moments == () and answer.note is None
    assert nothing.note == "nothing that is indexed passes these filters: `Library.status()` says what there is"
    assert_mirrored(nothing, to_json(nothing))
    said = library.ask("掩码", language="fr", encoder=encoder).note
    assert said == "nothing here is in fr: the library has en, zh"
    assert library.ask(f"{QUESTION} -mask -掩码 -attention", encoder=encoder).note is None
    assert library.transcript(english.id).language == "en"
    assert library.transcript(chinese.id, "zh-Hans").language == "zh"
    assert any("query" in cue.text.lower() for cue in library.transcript(english.id, "en-GB").cues)


ERRORS: Mapping[str, Callable[[seekpoint.Library], object]] = {
    r"nothing in the library is called nobody: `Library.status\(\)` lists the ids": lambda library: library.ask(
        QUESTION, resource="nobody", encoder=TopicEncoder()
    ),
    r"the question is empty: .* `seekpoint.ask\('why masks\?'\)`": lambda library: library.ask(
        "", encoder=TopicEncoder()
    ),
    "`question` is a text, not NoneType": lambda library: seekpoint.ask(None),  # type: ignore[arg-type]
    "`question` is a text, not bytes": lambda library: library.ask("掩码".encode()),  # type: ignore[arg-type]
    "`section` is a text or None, not int": lambda library: library.ask("掩码", section=5),  # type: ignore[arg-type]
    "`also` is a list of wordings, not str": lambda library: library.ask("mask", also="掩码"),
    "`question` is a text, not int": lambda library: library.ask("mask", also=[5]),  # type: ignore[list-item]
    "give `rerank` a sentence": lambda library: library.ask("掩码", encoder=TopicEncoder(), rerank="/no/where"),
    "`k` is a whole number from 1 to 100, not '3'": lambda library: library.ask("掩码", k="3"),  # type: ignore[arg-type]
    "`k` is a whole number from 1 to 100, not 2.5": lambda library: library.ask("掩码", k=2.5),  # type: ignore[arg-type]
    "`k` is a whole number from 1 to 100, not True": lambda library: library.ask("掩码", k=True),
    "`per_resource` is a whole number from 1 to 100, not False": lambda library: library.ask("x", per_resource=False),
    "`per_resource` is a whole number from 1 to 100, not 0": lambda library: library.ask("掩码", per_resource=0),
    "`also` is a list of wordings, not NoneType": lambda library: library.ask("mask", also=None),  # type: ignore[arg-type]
    "`encoder` is an object .*, not str": lambda library: library.ask("mask", encoder="e5"),  # type: ignore[arg-type]
    "`resource` is an id, not ResourceStatus": lambda library: library.transcript(library.resources()[0]),  # type: ignore[arg-type]
    "`sources` is a list, .*, not NoneType": lambda library: seekpoint.build(None),  # type: ignore[arg-type]
    "`sources` is a list, .*, not int": lambda library: seekpoint.build(["列表.md", 5]),  # type: ignore[list-item]
    "`pace` is a number of seconds from 0 to 3600, not -1": lambda library: seekpoint.build("列表.md", pace=-1),
    "`pace` is a number of seconds from 0 to 3600, not nan": lambda library: seekpoint.build("列表.md", pace=nan),
    "`pace` is a number of seconds from 0 to 3600, not '3'": lambda library: seekpoint.build("列表.md", pace="3"),  # type: ignore[arg-type]
    "no moment is in a 'song': the kinds that hold some are video, page": lambda library: library.ask("x", kind="song"),
    "no moment is in a 'playlist'": lambda library: library.ask("掩码", kind=seekpoint.Kind.PLAYLIST),
    "has no transcript: `resources": lambda library: library.transcript("nothing"),
    "no transcript in fr: there is en": lambda library: library.transcript(library.resources()[0].id, "fr"),
    r"no such folder: build one with `seekpoint.build\(SOURCE\)`, or name it with `library`": lambda library: (
        seekpoint.open_library(ROOT / "no such folder")
    ),
    "`languages` takes tags such as en": lambda library: seekpoint.build("列表.md", languages=["en;zh"]),
    r"omit `model`, .* with `reembed`, .*`seekpoint.build\(SOURCE, model='BAAI/bge-m3', library=NEW_FOLDER\)`": (
        lambda library: seekpoint.build(LIST, library.status().library, model="BAAI/bge-m3")
    ),
    "holds other files: name an empty or a new folder with `library`": lambda library: seekpoint.build(LIST, ROOT),
    "no such list": lambda library: seekpoint.build([ROOT / "no such list.md"], ROOT / "no library"),
    "must be 1 or more, not 0": lambda library: seekpoint.build([ROOT / "README.md"], limit=0),
}


def test_other_wordings_are_any_texts_that_can_be_iterated(library: seekpoint.Library) -> None:
    wordings, encoder = ["what hides the future?", "什么遮住后面的词？"], TopicEncoder()
    found = library.ask("掩码", also=wordings, encoder=encoder).moments
    for also in (iter(wordings), {*wordings}, dict.fromkeys(wordings), (text for text in wordings)):
        assert library.ask("掩码", also=also, encoder=encoder).moments == found
    assert seekpoint.ask("掩码", library, also=iter(wordings), encoder=encoder).moments == found


@pytest.mark.parametrize("message", ERRORS)
def test_an_error_is_one_line(library: seekpoint.Library, message: str) -> None:
    with pytest.raises(seekpoint.SeekpointError, match=message) as caught:
        ERRORS[message](library)
    assert "\n" not in str(caught.value) and "--" not in str(caught.value)


def test_a_readers_problem_names_parameters(library: seekpoint.Library) -> None:
    answer = library.ask(QUESTION, encoder=TopicEncoder(), reader="http://127.0.0.1:1/v1")
    assert answer.reading and str(answer.reading.problem).endswith("start the model's server, or check `reader`")
