"""Questions of other models by onnxruntime: which file a build takes, and that asking doesn't import torch then."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.models.encoder import LazyEncoder, SentenceEncoder, load_encoder
from seekpoint.index.models.question_engine import OnnxEncoder, OnnxQuestions
from seekpoint.index.settings import QuestionEngine
from seekpoint.index.types import Encoder, ModelCard
from seekpoint.indexer.pipeline.model_settings import find_question_engine
from seekpoint.query.output.json import to_json
from tests.asking import ask
from tests.index.libraries import run_script
from tests.indexer.builds import webvtt
from tests.sentence_models import add_onnx, save_first_token_model

pytestmark = pytest.mark.model

QUESTIONS = ["what conceals it?", "什么藏起了它？", "MASK 掩码 " * 600]
# Asks each library in one cold process.
ASK = """
from seekpoint.cli.main import cli
for library in sys.argv[1:]:
    for question in ("what conceals it?", "什么藏起了它？"):
        cli(["ask", question, "--json", "--index", library], standalone_mode=False)
print({"torch", "transformers", "sentence_transformers"} & set(sys.modules))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has an ONNX file."""
    model = save_first_token_model(tmp_path_factory.mktemp("saved"))
    add_onnx(model)
    return model


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def build(folder: Path, model: Path | str) -> Path:
    talks = folder / "talks"
    talks.mkdir(exist_ok=True)
    (talks / "T [english0001].en.vtt").write_text(webvtt("the cache", "a cache", "the mask", "a mask"), "utf-8")
    (talks / "讲座 [zhongwen001].zh.vtt").write_text(webvtt("这是缓存", "这里有掩码"), "utf-8")
    seekpoint.build(talks, folder / "library", model=str(model), translate=False)
    return folder / "library"


def both(model: Path, file: Path) -> tuple[SentenceEncoder, OnnxQuestions]:
    own = SentenceEncoder(str(model))
    return own, OnnxQuestions(model, file, own.question_prompt or "", own.longest)


def engine(library: Path) -> QuestionEngine | None:
    with EmbeddedReader.open(library) as reader:
        return reader.settings.engine_of(reader.card)


def loaded(library: Path) -> Encoder:
    with EmbeddedReader.open(library) as reader:
        return LazyEncoder(reader.card, engine=reader.settings.engine_of(reader.card)).get()


@pytest.mark.parametrize(
    ("pooling", "layers", "longest"),
    [("cls", ("Identity", "Tanh"), 512), ("mean", (), 2048), ("lasttoken", (), 512), ("max", (), 2048)],
)
def test_its_vectors_are_the_models(tmp_path: Path, pooling: str, layers: tuple[str, ...], longest: int) -> None:
    model = save_first_token_model(tmp_path, pooling=pooling, layers=layers, longest=longest)
    own, found = both(model, add_onnx(model))
    long = "mask " * 600
    for question in (*QUESTIONS, long):
        assert float(found.question(question) @ own.question(question)) > 0.999
    assert np.array_equal(found.question(long), found.question(long + "cache " * 600)), "no more of it than the model"
    without_prompt = OnnxQuestions(model, model / "onnx" / "model.onnx", "cache ", own.longest)
    assert float(without_prompt.question(QUESTIONS[0]) @ own.question(QUESTIONS[0])) < 0.999


def test_cold_questions_of_a_model_in_a_folder_or_in_the_hubs_cache_import_no_torch(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub" / "models--example--first-token"
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text("0" * 40)
    shutil.move(model, hub / "snapshots" / ("0" * 40))
    for name, value in (("HF_HUB_CACHE", str(tmp_path / "hub")), ("HF_HUB_OFFLINE", "1")):
        monkeypatch.setenv(name, value)
    library, other = build(tmp_path, hub / "snapshots" / ("0" * 40)), tmp_path / "other"
    found = engine(library)
    assert found and found.file == "onnx/model.onnx"
    script = "import seekpoint; seekpoint.build(*sys.argv[1:3], model=sys.argv[3], translate=False)"
    built = run_script(script, tmp_path / "talks", other, "example/first-token")
    assert built.returncode == 0, built.stderr
    asked = run_script(ASK, library, other)
    assert (asked.returncode, asked.stderr) == (0, "")
    *answers, modules = asked.stdout.splitlines()
    assert modules == "set()"
    moments = [[each | {"added": ""} for each in json.loads(answer)["moments"]] for answer in answers]
    assert moments[:2] == moments[2:]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    encoder = loaded(library)
    assert isinstance(encoder, SentenceEncoder), "without onnxruntime, the model itself embeds the question"
    for question, answered in zip(QUESTIONS, moments[:2], strict=False):
        shown: Any = to_json(ask(question, library, encoder=encoder))["moments"]
        assert [{**moment, "added": ""} for moment in shown] == answered


def test_changed_files_or_files_outside_the_models_folder_arent_used_and_passages_are_the_models_own(
    tmp_path: Path, model: Path
) -> None:
    library = build(tmp_path, model)
    for name in ("onnx/model.onnx", "1_Pooling/config.json", "tokenizer.json"):
        data = (model / name).read_bytes()
        (model / name).write_bytes(data + b" ")
        assert isinstance(loaded(library), SentenceEncoder), name
        (model / name).write_bytes(data)
    found, own = engine(library), load_encoder(str(model))
    assert found
    (model / "onnx").rename(tmp_path / "onnx")
    setting = found._replace(file="../onnx/model.onnx")
    assert isinstance(LazyEncoder(own.card, engine=setting).get(), SentenceEncoder)
    (tmp_path / "onnx").rename(model / "onnx")
    encoder = loaded(library)
    assert isinstance(encoder, OnnxEncoder)
    assert float(encoder.passages(["掩码"])[0] @ own.passages(["掩码"])[0]) > 0.999
    assert encoder.parts(["掩码"], [[2]]) is None


def test_the_smallest_file_that_agrees_is_taken(tmp_path: Path, model: Path) -> None:
    other = save_first_token_model(tmp_path / "another", noise=1.0)
    shutil.copy(add_onnx(other), model / "onnx" / "model_quantized.onnx")
    (model / "onnx" / "model_broken.onnx").write_bytes(b"no ONNX")
    (model / "onnx" / "model.onnx").rename(model / "onnx" / "模型.onnx")
    with (model / "onnx" / "模型.onnx").open("ab") as file:
        file.write(b"\x72\x40" + b" " * 64)  # a description, by which it is the largest
    found = engine(build(tmp_path, model))
    assert found and found.file == "onnx/模型.onnx"


def test_a_model_whose_file_disagrees_embeds_questions_itself(tmp_path: Path, model: Path) -> None:
    other = save_first_token_model(tmp_path / "another", noise=1.0)
    shutil.copy(add_onnx(other), model / "onnx" / "model.onnx")
    library = build(tmp_path, model)
    found = engine(library)
    assert found and found.file == ""
    assert isinstance(loaded(library), SentenceEncoder)
    with EmbeddedWriter.acquire(library) as writer:  # it isn't measured again
        find_question_engine(writer, LazyEncoder(ModelCard("nowhere", 1, "never loaded")))
        assert writer.settings.engine_of(writer.card) == found
    shutil.rmtree(model / "onnx")
    assert engine(build(tmp_path, model)) is None


def test_other_kinds_of_pooling_arent_tried_and_older_names_of_them_are_known(model: Path) -> None:
    config, file = model / "1_Pooling" / "config.json", model / "onnx" / "model.onnx"
    written = config.read_text()
    for pooling in ({"pooling_mode": "weightedmean"}, {"pooling_mode": ["cls", "mean"]}, {"include_prompt": False}):
        config.write_text(json.dumps(json.loads(written) | pooling))
        with pytest.raises(ValueError, match="pools by"):
            OnnxQuestions(model, file, "", None)
    old = {"word_embedding_dimension": 8, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    config.write_text(json.dumps(old))
    own, found = both(model, file)
    assert float(found.question("掩码") @ own.question("掩码")) > 0.999
