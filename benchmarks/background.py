"""Writes seekpoint/index/models/background.json: what passages of a language have in common, whatever they are about.

usage: python -m benchmarks.background LIBRARY...

Each library counts the same, whatever its size, so that no topic does more than another. The file in the repository was
made of four: lectures on deep learning (70), courses on it (180 videos), screencasts (76) and a podcast (320 episodes).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from seekpoint.index.models.background_mean import FILE
from seekpoint.index.open import open_reader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("libraries", nargs="+", type=Path)
    means = defaultdict(list)
    for folder in parser.parse_args().libraries:
        with open_reader(folder) as library:
            for name, language in library.languages().items():
                means[name].append(language.mean)
    rounded = {language: np.mean(found, axis=0).round(4).tolist() for language, found in sorted(means.items())}
    FILE.write_text(json.dumps(rounded, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
