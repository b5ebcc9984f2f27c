# The index of commands. `make run` and `make test` set up what they need on a fresh machine.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test setup office browser frontend frontend-check slow validate bench lint lock clean docs

run: setup  ## set up, then the main job: the sourced book and the essay's view side by side
	$(BIN)/deflator run base essay

test: setup office browser lint frontend-check  ## set up, then lint, types and all tests except the long studies
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

slow: setup  ## the long studies
	$(BIN)/pytest -m slow

validate: setup  ## move every judgement, change draws and readings, score the past, and write docs/validation.md
	$(BIN)/deflator validate --page docs/validation.md

bench: setup  ## measure speed, memory and scaling in one run, and write docs/performance.md
	@if command -v uv >/dev/null 2>&1; then uv sync --frozen --inexact --group bench; \
	else $(BIN)/python -m pip install --quiet --group bench; fi
	$(BIN)/python -m bench

# One test fills a workbook in LibreOffice; it is installed where it is missing and this user may install packages.
office:
	@command -v soffice >/dev/null 2>&1 || { \
	  install="apt-get install -y --no-install-recommends libreoffice-calc-nogui"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive $$install -q; \
	  else echo "LibreOffice is missing: its test will fail. Install it, for instance with: sudo $$install"; fi; }

# The tests of the dashboard drive Chromium, and look at Chinese; both are installed where they are missing.
browser:
	@command -v chromium >/dev/null 2>&1 && fc-list :lang=zh 2>/dev/null | grep -q . || { \
	  install="apt-get install -y --no-install-recommends chromium fonts-noto-cjk fontconfig"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -q && DEBIAN_FRONTEND=noninteractive $$install -q; \
	  else echo "Chromium is missing: the tests of the dashboard will fail. Install it, for instance with: sudo $$install"; fi; }

# The dashboard: its sources in frontend/, its build beside the service, so that nobody needs node to use it.
STATIC := src/deflator/web/static
CHARTS := src/deflator/report/static

frontend:  ## check the sources of the dashboard and build them into the package
	cd frontend && npm ci --silent && npm run --silent check && npx vite build --logLevel warn && \
	npx svelte-check --tsconfig report/tsconfig.json --fail-on-warnings --output machine >/dev/null && \
	npx vite build --config report/vite.config.ts --logLevel warn

# A test without node holds the build against a checksum of its sources; with node it is built again and compared.
frontend-check:
	@if command -v npm >/dev/null 2>&1; then \
	  again=$$(mktemp -d) && cd frontend && npm ci --silent && npm run --silent check && \
	  npx vite build --logLevel error --outDir "$$again/web" && diff -r "$$again/web" ../$(STATIC) && \
	  npx vite build --config report/vite.config.ts --logLevel error --outDir "$$again/report" && \
	  diff -r "$$again/report" ../$(CHARTS) && rm -r "$$again" || \
	  { echo "$(STATIC) or $(CHARTS) is not what frontend/ builds: run make frontend and commit both"; exit 1; }; \
	else echo "npm is missing: the build of the dashboard is held against the checksum of its sources only"; fi

lint: setup
	$(BIN)/ruff check --no-cache
	$(BIN)/ruff format --check
	$(BIN)/mypy

setup: .venv/.complete  ## create .venv and install the package with its development tools

# uv where it is installed (exact versions from uv.lock), otherwise venv and pip.
.venv/.complete: pyproject.toml uv.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv sync --frozen --python $(PYTHON) --no-python-downloads; \
	else \
	  $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1" && \
	  $(BIN)/python -m pip install --quiet --editable . --group dev; \
	fi
	@touch $@

lock:  ## resolve uv.lock again
	uv lock

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache

docs: setup  ## build the documentation site into docs/_build; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build
