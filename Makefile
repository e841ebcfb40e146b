# `make demo` and `make test` set up a virtual environment of their own; once that is done they need no network.
PYTHON ?= python3
BIN = .venv/bin
LIBRARY = build/demo

.PHONY: demo test check clean

demo: .venv/ready
	$(BIN)/seekpoint build examples/reading-list.md --index $(LIBRARY)
	$(BIN)/seekpoint ask "Why do we need three different matrices for queries, keys and values?" -k 2 --index $(LIBRARY)
	$(BIN)/seekpoint ask "为什么要缓存键和值，却不缓存查询？" -k 2 --index $(LIBRARY)
	$(BIN)/seekpoint ask "为什么学习率要先预热？" -k 2 --index $(LIBRARY)

test: check
	$(BIN)/pytest

check: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/tested: .venv/ready
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache
