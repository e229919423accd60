# Each target does all of its own set-up. They need Python 3.11 or newer and git, nothing else.
.PHONY: help setup reproduce test verify book bench readme
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

setup: ## make the environment in .venv and fetch data/
	@tools/setup.sh

reproduce: setup ## every table and figure at the quick scale, from simulation to report, in runs/quick
	@graspbook reproduce --profile quick

test: setup ## run the tests
	@echo "[test] running the tests (a few minutes)"
	@python -m pytest

verify: setup ## is dvc.lock current, and do the reports here agree with the committed ones?
	@echo "[verify] what dvc repro would run (nothing, where all is up to date):"
	@dvc repro --dry --allow-missing
	@echo "[verify] this run beside the committed one, stage by stage:"
	@graspbook verify

book: setup ## open the notebooks, with the trained models fetched
	@dvc pull --quiet
	@jupyter lab notebooks

bench: setup ## measure speed; writes reports/benchmarks.csv
	@python tests/benchmarks/run.py

readme: setup ## copy the claims table into README.md
	@graspbook readme
