# `make demo` and `make test` set up a virtual environment of their own in .venv; after that they need no network.
SHELL = bash
.SHELLFLAGS = -o pipefail -c
PYTHON ?= python3
BIN = .venv/bin
LIBRARY = build/demo

# The tests start many processes, and pytest rewrites each test module: half of its start without compiled modules.
unexport PYTHONDONTWRITEBYTECODE

# Of what pip prints, the packages of 10 MB and more, and when it unpacks. Warnings and errors aren't filtered: they go
# to standard error.
LARGE = awk '/\([0-9.]+ [MG]B\)/ && !/\([0-9]\.[0-9]+ MB\)/ {print "    " $$0; fflush()} \
	/^Installing collected/ {print "      Unpacking and installing them, a minute or so"; fflush()}'

COMMA = ,

define ask
	@printf '\n$$ seekpoint ask "%s" -k 2\n' "$(1)"
	@$(BIN)/seekpoint ask "$(1)" -k 2 --index $(LIBRARY)
endef

.PHONY: demo torch test test-rest test-all check nightly lowest mcpb sbom audit clean

demo: .venv/ready
	@printf '\n3/4  Building a library of the seven short talks of examples/reading-list.md, from captions on disk.\n'
	@echo "     A first build also unpacks the model into your cache folder (260 MB). Half a minute to a minute."
	@printf '\n$$ seekpoint build examples/reading-list.md\n'
	@$(BIN)/seekpoint build examples/reading-list.md --index $(LIBRARY)
	@printf '\n4/4  Asking: in English, in Chinese, and in Chinese what only an English talk answers.\n'
	$(call ask,Why do we need three different matrices for queries$(COMMA) keys and values?)
	$(call ask,为什么要缓存键和值，却不缓存查询？)
	$(call ask,训练中为什么要裁剪梯度？)
	@printf '\nAsk your own questions in the terminal, or in the browser:\n'
	@echo "  $(BIN)/seekpoint ask --index $(LIBRARY)"
	@echo "  $(BIN)/seekpoint serve --open --index $(LIBRARY)"

# The quick tests, and one smoke of each slow kind. mypy, which has one thread, runs beside them; its output comes last.
# A test that takes more than a second on an idle machine is to be slow: those above two are listed.
test: .venv/tested
	@mkdir -p build
	@$(MAKE) --no-print-directory check >build/check.log 2>&1 & check=$$!; \
	$(BIN)/pytest -m "not slow and not nightly" --durations 10 --durations-min 2; tested=$$?; \
	wait $$check; checked=$$?; \
	cat build/check.log; \
	exit $$((tested ? tested : checked))

test-rest: .venv/tested
	$(BIN)/pytest -m "slow and not nightly"

test-all: test test-rest

nightly: .venv/tested
	$(BIN)/pytest -n 0 -m nightly
	$(BIN)/pytest -m hypothesis --hypothesis-profile=nightly

# The quick tests with the lowest versions that pyproject.toml allows, in an environment of their own.
lowest:
	@$(PYTHON) -m venv build/lowest
	@build/lowest/bin/pip install --quiet uv
	build/lowest/bin/uv pip install --python build/lowest/bin/python --resolution lowest-direct --only-binary :all: \
		--quiet --editable '.[dev]'
	build/lowest/bin/python -m pytest -m "not slow and not nightly"

# The bundle for assistants with a list of extensions, such as Claude Desktop.
mcpb: .venv/ready
	$(BIN)/python -m scripts.mcpb build/seekpoint.mcpb

# A software bill of materials in CycloneDX's JSON: all that is installed for Seekpoint, but for what tests it.
sbom: .venv/tested
	$(BIN)/python -m tests.dependencies sbom build/sbom.json

audit: .venv/tested
	$(BIN)/python -m tests.dependencies audit

check: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deptry seekpoint
	$(BIN)/deptry tests benchmarks examples --ignore DEP002,DEP004

# The pip that comes with Python 3.11 warns that lxml has no extra "html_clean", since it doesn't know that "html-clean"
# is the same name. A current pip does.
define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: PYTHON=python3.12 make $(1)")'
	@echo "$(2)Creating a virtual environment in .venv, with a current pip (2 MB)."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --upgrade pip
endef

# On Linux the usual index has PyTorch's build for NVIDIA GPUs alone.
TORCH = https://download.pytorch.org/whl/cpu
torch:
	@if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null && ! $(BIN)/python -c 'import torch' 2>/dev/null; \
	then $(BIN)/pip install --quiet --retries 0 --timeout 15 --index-url $(TORCH) torch 2>/dev/null \
	|| echo "     PyTorch's CPU build can't be had from $(TORCH): pip takes its usual one, which may be 3.3 GB."; fi

.venv/ready: pyproject.toml
	$(call environment,demo,1/4  )
	@printf '\n2/4  Installing Seekpoint and what it needs into .venv: 420 MB to download, 1.6 GB on disk, some minutes.\n'
	@$(MAKE) --no-print-directory torch
	@echo "     The largest packages, as they come:"
	@$(BIN)/pip install --progress-bar off --editable . | $(LARGE)
	@touch $@

# All at once: the tests' packages after Seekpoint's own would take a second look at all of them. Python compiles what is
# imported: 10 s of processor time. pip would compile everything: 46 s, on one core.
.venv/tested: pyproject.toml
	$(call environment,test)
	@$(MAKE) --no-print-directory torch
	@echo "Installing Seekpoint and what the tests need into .venv. The largest packages, as they come:"
	@$(BIN)/pip install --progress-bar off --no-compile --editable '.[dev]' | $(LARGE)
	@touch .venv/ready $@

clean:
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache
