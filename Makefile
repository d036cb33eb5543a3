# The book in two commands: `make book` builds it, `make test` checks it. `make help` lists the rest.

PY := .venv/bin/python
BOOK_SOURCES := _config.yml _toc.yml $(shell find book lib tools/sphinx_ext -type f \
	-not -path '*/__pycache__/*' -not -path '*.egg-info/*')
BUILD := .venv/bin/jupyter-book build . -W -n --keep-going --all -q
PYTEST = $(ENVIRONMENT)/bin/python -m pytest -n 2 --dist worksteal
# the library's fast tests, that another environment runs too
LIBRARY := -m "not slow and not browser" -p no:cacheprovider tests --ignore tests/site --ignore tests/project \
	--ignore tests/tools
PORT := 8000
# an environment knows its flags once it is ready
MARK = @$(@D)/bin/python tools/compile_flags.py > $(@D)/.xla_flags && touch $@
# Compile less well, with the flags that the installed XLA knows (tools/compile_flags.py). Notebooks do as users do.
export XLA_FLAGS = $(shell cat $(ENVIRONMENT)/.xla_flags 2>/dev/null)
ENVIRONMENT := .venv
test-floor: ENVIRONMENT := .venv-floor
test-newest: ENVIRONMENT := .venv-newest
# What was compiled once, for a page, a test or a notebook, is not compiled again, however small it is.
export JAX_COMPILATION_CACHE_DIR = $(CURDIR)/_build/compiled
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS = 0
# As many processes as cores, so each has one thread: two that share two cores wait for each other, at twice the time.
export PJRT_NPROC = 1
export OMP_NUM_THREADS = 1
# A page's imports take 2 s, and 6 s where Python may not keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE
# pytest keeps what ran with what, for `make platforms` (tests/conftest.py)
test test-slow test-floor test-newest: export TESTED_BY = make $@

.DEFAULT_GOAL := help
.PHONY: help env book serve style check perturb test test-slow test-floor test-newest test-all platforms notebooks clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

env: .venv/.ready  ## create .venv alone

book: _build/.book  ## create .venv, execute every page, build the HTML, say where it lies
	@echo "The book lies in _build/html: open _build/html/index.html, or run 'make serve'."

serve: book  ## show the book on this machine only, at http://127.0.0.1:8000; PORT=8001 for another port
	@echo "Serving http://127.0.0.1:$(PORT) until Ctrl-C; if the port is taken: make serve PORT=8001"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

style: .venv/.ready  ## ruff, format and types: seconds
	$(PY) -m ruff check --quiet .
	$(PY) -m ruff format --check --quiet .
	$(PY) -m mypy --no-error-summary

check: style  ## style, and the fast tests of what differs from main and of what stands on it; BASE=… for another base
	@tests=$$($(PY) tools/affected.py $(BASE)) && if [ -n "$$tests" ]; then \
		echo "$$tests" && $(PYTEST) -m "not slow and not browser" $$tests || [ $$? = 5 ]; fi

perturb: .venv/.ready  ## which tests flip with the rounding or the seed; TESTS="tests/book -k circle"
	$(PY) tools/perturb.py -m "not slow and not browser" $(or $(TESTS),tests/book)

test: book  ## every test that is not slow, those in a browser included
	@sh tools/install_chromium.sh
	$(PYTEST) -m "not slow"

test-slow: book  ## what `make test` leaves out: the large ensembles, every notebook, each page in each colour
	@sh tools/install_chromium.sh
	$(PYTEST) -m slow

test-floor: .venv-floor/.ready  ## the library's fast tests with the oldest versions that pyproject.toml allows
	$(PYTEST) $(LIBRARY)

test-newest: .venv-newest/.ready  ## the same with the newest Python at hand, and the newest versions
	$(PYTEST) $(LIBRARY)

test-all: test test-slow test-floor test-newest  ## every test: fast, slow, and with the oldest and the newest versions

platforms:  ## write tests/PLATFORMS.md from the runs of this machine
	$(PY) tools/platforms.py

notebooks: book  ## write notebooks/*.ipynb from the built book
	rm -rf notebooks && cp -r _build/html/_notebooks notebooks

clean:  ## remove everything that was built, the environments too
	rm -rf build lib/*.egg-info _build .venv .venv-floor .venv-newest .pytest_cache .ruff_cache .mypy_cache .hypothesis

.venv/.ready: constraints.txt pyproject.toml tools/compile_flags.py
	@echo "Installing about a gigabyte into .venv: a minute or two"
	sh tools/create_venv.sh .venv -e '.[test]' -c constraints.txt
	@mkdir -p _build
	$(MARK)

# PYTHON chooses .venv's; the oldest versions have wheels for the oldest Python, the newest are tried with the newest.
.venv-floor/.ready: constraints.txt pyproject.toml tools/ends.py | .venv/.ready
	$(PY) tools/ends.py oldest > _build/oldest.txt
	PYTHON='python3.11 python3.12' sh tools/create_venv.sh .venv-floor -r _build/oldest.txt
	$(MARK)

.venv-newest/.ready: constraints.txt pyproject.toml tools/ends.py | .venv/.ready
	$(PY) tools/ends.py newest > _build/newest.txt
	PYTHON= sh tools/create_venv.sh .venv-newest --upgrade -r _build/newest.txt
	$(MARK)

# --all reads every page again (outputs still come from the cache), so that no warning of a past build is lost.
_build/.book: .venv/.ready $(BOOK_SOURCES)
	@echo "Executing the pages and writing the HTML: minutes the first time, seconds later"
	$(BUILD)
	@head -n 12 _build/execution.txt
	@touch $@
