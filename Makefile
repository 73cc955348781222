# Two commands do everything: `make book` and `make test`. Each sets up .venv by itself; nothing to activate.
.POSIX:
.DEFAULT_GOAL := help
.PHONY: help environment book test serve refresh bench lengths mutate mutants fuzz hostile interrupted builds \
  licences check format lock clean

BIN := .venv/bin
PYTHON ?=
PORT ?= 8000
export PYTHON
export PYTHONNOUSERSITE := 1
export JUPYTER_PLATFORM_DIRS := 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV MPLBACKEND

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

environment: # up to date at once where nothing changed
	@./environment.sh

book: environment ## build the site into _build/html, warnings are errors
	@$(BIN)/python -m evisynth.book
	@test -f _build/html/index.html
	@echo "The book is in _build/html; read it with: make serve"

test: environment ## unit, data and house tests, and every chapter's numbers
	@$(BIN)/python -m pytest -q -n 2 --dist loadscope --nbval tests chapters

serve: book ## build, then show the site on http://localhost:8000 (PORT=...)
	@echo "http://localhost:$(PORT)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

refresh: environment ## run the chapters again and keep their new results
	@$(BIN)/python -m evisynth.notebooks chapters

bench: environment ## time the engine against metafor and PyMARE (needs R for metafor), and the builds
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/builds.py

lengths: book ## measure how long each page is as it opens (needs Chromium)
	@$(BIN)/python bench/pages.py

mutate: environment ## put slips into the tables and count which are caught (N=12 of each kind)
	@$(BIN)/python faults/data.py $(N)

hostile: environment ## text that would run, through every view (Chromium, where it is installed)
	@$(BIN)/python faults/hostile.py

interrupted: environment ## kill the commands at any moment, fill the disk, take the rights away
	@$(BIN)/python faults/interrupted.py

builds: environment ## build the book in several ways and compare every file
	@$(BIN)/python faults/builds.py

licences: environment ## licences of everything that is installed
	@$(BIN)/python faults/licences.py

fuzz: environment ## try any input on every function, reader and command (some minutes; N=100 for fewer)
	@$(BIN)/python faults/fuzz.py $(N)

mutants: environment ## try the tests on faults of the engine (half an hour; N=60 for fewer; needs an extra)
	@$(BIN)/python faults/engine.py $(N)

check: environment ## lint and format, as CI does
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .

format: environment ## format the code in place
	@$(BIN)/python -m ruff check --fix .
	@$(BIN)/python -m ruff format .

lock: environment ## resolve requirements.in into requirements.lock (needs uv)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile requirements.in --upgrade --universal --python-version 3.11 --fork-strategy fewest \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -o requirements.lock

clean: ## remove what was built, and .venv
	@rm -rf _build .venv .ruff_cache .hypothesis
