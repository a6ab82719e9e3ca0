# photoorders: everything that one does with a clone. `make help` lists it.
PYTHON ?= python3
IN = $(PYTHON) local/bootstrap.py
DEV = $(PYTHON) local/bootstrap.py --dev
MANAGE = $(IN) python -m local.manage
PYTEST = $(DEV) python -m local.check_tests
# The plugin where there is one, else the older program.
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
ARGS ?=
export PYTHONUNBUFFERED = 1
# Whatever the locale: sources, settings and what is printed are UTF-8.
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help install run test test-unit test-integration test-race test-stripe test-browser coverage chaos bench load lighthouse lint format \
	shell migrate demo-reset doctor logs up down lock backup restore screenshots messages

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{ printf "  make %-18s %s\n", $$1, $$2 }'

install: ## make .venv and install what the shop needs (the other commands do it by themselves)
	@$(IN)

run: ## the whole shop on this machine, in the foreground; PORT=8000 moves it
	@exec $(IN) python -m local.run

test: ## the whole suite; ARGS="-k sentence" narrows it
	@$(PYTEST) all $(ARGS)

test-unit: ## tests that start no worker, browser or other server
	@$(PYTEST) unit $(ARGS)

test-integration: ## tests that use S3, mail, the stand-ins, a worker or a browser
	@$(PYTEST) integration $(ARGS)

test-race: ## tests that start competing threads or processes
	@$(PYTEST) race $(ARGS)

test-browser: ## the pages in Chromium
	@$(PYTEST) browser $(ARGS)

test-stripe: ## the payment walk in Stripe's real test mode; needs STRIPE_SECRET_KEY=sk_test_…
	@$(PYTEST) stripe $(ARGS)

chaos: ## outages and kill -9 in the middle of things
	@$(PYTEST) chaos $(ARGS)

coverage: ## the whole suite with coverage, printed and written to test-artifacts/coverage/
	@$(PYTEST) all --cov --cov-report=term:skip-covered --cov-report=html:test-artifacts/coverage $(ARGS)

screenshots: ## pictures of every page, state and email, into docs/screenshots/
	@$(PYTEST) browser tests/browser/tour_states.py tests/browser/tour.py -n 0 $(ARGS)

bench: ## measures speed beside its floors, writes bench/results.json
	@$(DEV) python -m bench $(ARGS)

load: ## Locust against a running shop; URL=http://127.0.0.1:8000 USERS=20 SECONDS=60 CHECKOUT=1
	@$(DEV) python -m bench.load $(ARGS)

lighthouse: ## Lighthouse on a running shop's pages, as a phone sees them; URL=http://127.0.0.1:8000
	@$(DEV) python -m local.lighthouse

lint: ## ruff, mypy, import contracts, migrations, templates, translations
	@$(DEV) python -m local.lint

format: ## puts the code into its one shape
	@$(DEV) ruff check --fix --quiet . ; $(DEV) ruff format --quiet .

messages: ## compiles the translations
	@$(IN) python -m local.messages

shell: ## Django's shell on the running shop's database
	@$(MANAGE) shell

migrate: ## brings the database's tables up to date
	@$(MANAGE) migrate

doctor: ## what is configured, reachable, wrong, and how to mend it
	@$(MANAGE) doctor $(ARGS)

demo-reset: ## throws the local shop's data away (.run/); the next `make run` begins anew
	@$(IN) python -m local.reset

logs: ## follows the logs of the shop that runs here, or of the compose deployment
	@if [ -d .run/logs ]; then exec tail -n 40 -F .run/logs/*.log; else exec $(COMPOSE) logs --follow --tail 40; fi

up: ## the compose deployment, in the background
	@test -f .env || { echo "No .env yet: cp .env.example .env and fill it in, or cp docker/demo.env .env for the demo."; exit 1; }
	$(COMPOSE) up --detach --build

down: ## stops the compose deployment; data stays
	$(COMPOSE) down

lock: ## compiles requirements*.in into pinned requirements*.txt
	@$(DEV) python -m local.lock

backup: ## PostgreSQL's dump and a listing of the bucket, into backups/
	@$(MANAGE) backup $(ARGS)

restore: ## FROM=backups/<folder> into an empty database
	@test -n "$(FROM)" || { echo "Which one? make restore FROM=backups/<folder>"; ls -d backups/*/ 2>/dev/null; exit 1; }
	@$(MANAGE) restore "$(FROM)" $(ARGS)
