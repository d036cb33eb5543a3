# The book in two commands: `make book` builds it, `make test` checks it. `make help` lists the rest.

PY := .venv/bin/python
BOOK_SOURCES := _config.yml _toc.yml $(shell find book lib tools/sphinx_ext -type f \
	-not -path '*/__pycache__/*' -not -path '*.egg-info/*')
BUILD := .venv/bin/jupyter-book build . -W -n --keep-going --all -q
PYTEST := $(PY) -m pytest -n 2 --dist worksteal
PORT := 8000
# Most of the time of a page or a fast test is compilation, so compile less well, to the same numbers but for rounding.
# test-all and test-floor do as users do.
book test: export XLA_FLAGS = --xla_backend_optimization_level=1 --xla_cpu_use_fusion_emitters=false \
	--xla_cpu_parallel_codegen_split_count=1
# What was compiled once, for a page, a test or a notebook, is not compiled again.
book test: export JAX_COMPILATION_CACHE_DIR = $(CURDIR)/_build/compiled
book test: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS = 0.2

.DEFAULT_GOAL := help
.PHONY: help book serve test test-all test-floor notebooks clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

book: _build/.book  ## create .venv, execute every page, build the HTML, say where it lies
	@echo "The book lies in _build/html: open _build/html/index.html, or run 'make serve'."

serve: book  ## show the book on this machine only, at http://127.0.0.1:8000; PORT=8001 for another port
	@echo "Serving http://127.0.0.1:$(PORT) until Ctrl-C; if the port is taken: make serve PORT=8001"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: book  ## every test that is not slow, those in a browser included
	@sh tools/install_chromium.sh
	$(PYTEST) -m "not slow"

test-all: book test-floor  ## also the large ensembles, every notebook, and the oldest jax
	@sh tools/install_chromium.sh
	$(PYTEST)

test-floor: .venv-floor/.ready  ## the library's fast tests with the oldest versions that pyproject.toml allows
	$(subst .venv,.venv-floor,$(PYTEST)) -m "not slow and not browser" -p no:cacheprovider tests \
		--ignore tests/site --ignore tests/project --ignore tests/tools

notebooks: book  ## write notebooks/*.ipynb from the built book
	rm -rf notebooks && cp -r _build/html/_notebooks notebooks

clean:  ## remove everything that was built, the environments too
	rm -rf build lib/*.egg-info _build .venv .venv-floor .pytest_cache .ruff_cache .mypy_cache .hypothesis

.venv/.ready: constraints.txt pyproject.toml
	@echo "Installing about a gigabyte into .venv: a minute or two"
	sh tools/create_venv.sh .venv -e '.[test]' -c constraints.txt
	@touch $@

.venv-floor/.ready: constraints.txt pyproject.toml tools/floors.py | .venv/.ready
	mkdir -p _build && $(PY) tools/floors.py > _build/floors.txt
	sh tools/create_venv.sh .venv-floor -r _build/floors.txt
	@touch $@

# --all reads every page again (outputs still come from the cache), so that no warning of a past build is lost.
_build/.book: .venv/.ready $(BOOK_SOURCES)
	@echo "Executing the pages and writing the HTML: minutes the first time, seconds later"
	$(BUILD)
	@head -n 12 _build/execution.txt
	@touch $@
