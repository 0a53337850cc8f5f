# Two commands matter: `make demo` shows the dashboard, `make test` proves it.
# Everything they make stays inside this folder: .venv, .cache, data/warehouse and test-results.

PYTHON ?= python3
EXTRAS ?=
PORT ?=

VENV := .venv
BIN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
STAMPS := $(VENV)/.installed

export PIP_CACHE_DIR := $(CACHE)/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export XDG_CACHE_HOME := $(CACHE)
export PYRIGHT_PYTHON_CACHE_DIR := $(CACHE)/pyright
export NPM_CONFIG_CACHE := $(CACHE)/npm
export PRE_COMMIT_HOME := $(CACHE)/pre-commit
export MPLCONFIGDIR := $(CACHE)/matplotlib
export HF_HOME := $(CACHE)/huggingface
# Compiled once, and in one place: without it every process would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CACHE)/bytecode
# pip asks rustc for its version, and rustup makes itself a folder where it has none.
ifeq ($(RUSTUP_HOME)$(wildcard $(HOME)/.rustup),)
export RUSTUP_HOME := $(CACHE)/rustup
endif

# torch comes only where it is asked for, where the registry's build is the small one (no CUDA), or
# where there is a card to run it on.
comma := ,
SMALL_TORCH := $(filter Darwin Windows_NT,$(shell uname -s) $(OS))
HAS_CARD := $(shell command -v nvidia-smi)
TORCH := $(filter generator,$(subst $(comma), ,$(EXTRAS)))$(SMALL_TORCH)$(HAS_CARD)
DAGSTER := $(filter orchestrate,$(subst $(comma), ,$(EXTRAS)))
SPARK := $(filter spark,$(subst $(comma), ,$(EXTRAS)))
TEST_STAMP := $(STAMPS)-test$(if $(TORCH),-generator)$(if $(DAGSTER),-orchestrate)$(if $(SPARK),-spark)

.PHONY: help demo test check audit lint bench screenshot docs generator card toy lock clean
help:
	@echo "make demo       install, collect the bundled data, open the dashboard"
	@echo "make test       install what the tests need, then formatting, lint, documentation, types, all tests"
	@echo "make check      formatting, lint, documentation, types, dependencies, the audit"
	@echo "make audit      known vulnerabilities of the locked versions (needs the network)"
	@echo "make lint       the same without types and the audit: seconds"
	@echo "make audit      the locked packages among known weaknesses; needs the network"
	@echo "make bench      benchmarks"
	@echo "make screenshot the pictures of the README and the tour, made by the program"
	@echo "make docs       the documentation, served on this machine while it is written"
	@echo "make generator  add torch and diffusers"
	@echo "make card       measure this machine's card: speed, energy, numbers, targets (MINUTES=25)"
	@echo "make toy        train the picture model of 64 px to its end, and judge it (STEPS=200000; a card)"
	@echo "make lock       refresh constraints.txt"
	@echo "make clean      remove what was made, the installation too"
	@echo "options         PYTHON=python3.12  PORT=8501  EXTRAS=generator,orchestrate,spark"

demo: $(STAMPS)-app
	@$(BIN)/artonomics demo $(if $(PORT),--port $(PORT))

# The types are checked beside the tests, and told after them; either may fail the whole.
# A file of tests goes to one worker: both would otherwise make what its tests share.
test: lint
	@$(say_skips)
	@echo "== tests, and types beside them"
	@nice -n 5 $(BIN)/pyright >$(CACHE)/types.log 2>&1 & types=$$!; \
	trap 'kill $$types 2>/dev/null' INT TERM; \
	HOME=$(CACHE)/home $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder; tests=$$?; \
	wait $$types; types=$$?; \
	echo "== types"; cat $(CACHE)/types.log; \
	test $$types = 0 || echo "failed: pyright ended with status $$types" >&2; \
	test $$tests = 0 && test $$types = 0

check: lint audit
	@echo "== types"
	@$(BIN)/pyright

# Needs the network; where nobody answers it says so and fails nothing.
audit: $(TEST_STAMP)
	@echo "== known vulnerabilities"
	@$(BIN)/python .ci/audit.py

lint: $(TEST_STAMP)
	@echo "== formatting, lint, documentation, dependencies"
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python tests/documentation
	@$(BIN)/python -m pip check

bench: $(TEST_STAMP)
	@HOME=$(CACHE)/home PYTHONPATH=. $(BIN)/python tests/benchmarks

# With the made-up app that `make demo` shows: a page without figures pictures nothing.
screenshot: $(TEST_STAMP)
	@rm -rf $(CACHE)/screenshot
	@$(BIN)/artonomics etl run --offline --data $(CACHE)/screenshot --json >/dev/null
	@$(BIN)/artonomics simulate demo --data $(CACHE)/screenshot --json >/dev/null
	@HOME=$(CACHE)/home $(BIN)/python tests/browser/screenshot.py $(CACHE)/screenshot \
	  data/readme data/docs/pictures

docs: $(TEST_STAMP)
	@$(BIN)/mkdocs serve --dev-addr 127.0.0.1:$(or $(PORT),8600)

# A missed target ends in status 1; what was measured is taken in all the same.
card: $(STAMPS)-generator-quantise
	@$(BIN)/python -m generator card --out $(CACHE)/card --held data/snapshots/compute \
	  $(if $(MINUTES),--minutes $(MINUTES)); status=$$?; \
	  if ls $(CACHE)/card/bench-*.json >/dev/null 2>&1; then \
	    $(BIN)/python -m generator adopt $(CACHE)/card --page data/measured.md; fi; exit $$status

# Fetches its picture sets with npm. What was stopped goes on from its checkpoint.
toy: $(STAMPS)-generator-toy
	@$(BIN)/python -m generator make-emoji $(CACHE)/emoji-64 --cache $(CACHE)/emoji \
	  --steps $(or $(STEPS),200000)
	@$(BIN)/python -m generator judge-emoji $(CACHE)/emoji-64 --cache $(CACHE)/emoji

generator: $(STAMPS)-generator
	@$(BIN)/python -m generator probe

# A local suffix (torch's +cpu) is to be found nowhere else, so it is cut off.
lock:
	$(PYTHON) -m venv $(CACHE)/lock
	$(CACHE)/lock/bin/python -m pip install --quiet ".[generator,login,orchestrate,quantise,spark,test,toy]"
	@{ echo "# All extras locked together: the versions this release is tested with. Refresh with \`make lock\`."; \
	   $(CACHE)/lock/bin/python -m pip freeze --all --exclude artonomics --exclude pip --exclude wheel \
	   | sed 's/+[A-Za-z0-9.]*$$//' | LC_ALL=C sort -f; } > constraints.txt
	rm -rf $(CACHE)/lock

clean:
	rm -rf $(VENV) $(CACHE) .pytest_cache .ruff_cache .hypothesis build dist test-results
	rm -rf data/raw data/warehouse data/reports data/lake data/imports data/jobs data/simulated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Said before the tests run, so that a skipped test surprises nobody.
define say_skips
for browser in "$$BROWSER_PATH" chromium chromium-browser google-chrome; do \
  test -n "$$browser" && command -v "$$browser" >/dev/null && found=yes; done; \
test -n "$$found" || echo "skipped: browser tests (no Chromium here; install it or set BROWSER_PATH)"; \
command -v nginx >/dev/null || test -x /usr/sbin/nginx || \
  echo "skipped: the dashboard behind a proxy (no nginx here; install nginx-light)"; \
command -v soffice >/dev/null || \
  echo "skipped: reports as an office program shows them (no LibreOffice here; install it)"; \
$(BIN)/python -c 'import torch' 2>/dev/null || \
  echo "skipped: tests that need torch (make test EXTRAS=generator installs it)"; \
$(BIN)/python -c 'import dagster' 2>/dev/null || \
  echo "skipped: tests of the Dagster jobs (make test EXTRAS=orchestrate installs it)"; \
$(BIN)/python -c 'import pyspark' 2>/dev/null && command -v java >/dev/null || \
  echo "skipped: tests on PySpark (make test EXTRAS=spark installs it; it needs Java 17)"; \
test -d ../shared/reference || echo "skipped: the verified reference cases (../shared/reference is not here)"
endef

# A venv first, then the packages; a stamp for each set of extras keeps repeated runs fast.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: got $$($(PYTHON) --version 2>&1) from PYTHON=$(PYTHON)" >&2; \
	  echo "expected: Python 3.11 or newer" >&2; \
	  echo "to do: name another one, for example: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(STAMPS)-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "== installing into $(VENV)"
	@mkdir -p $(CACHE)/home
	@$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e '.$(if $(filter-out app,$*),[$(subst -,$(comma),$*)])'
	@touch $@ $(STAMPS)-app
