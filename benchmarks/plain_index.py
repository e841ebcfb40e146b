"""Lay out a library's chunks as plain_ask.py reads them, and print how many there are.

usage: python -m benchmarks.plain_index LIBRARY FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss

from benchmarks.stored import stored_chunks


def main(library: Path, folder: Path) -> None:
    chunks, vectors = stored_chunks(library)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / "index.faiss"))
    (folder / "chunks.json").write_text(json.dumps(chunks, ensure_ascii=False), encoding="utf-8")
    print(len(chunks))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
