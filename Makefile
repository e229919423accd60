# Each target does all of its own set-up. They need Python 3.11 or newer and git, nothing else.
.PHONY: help setup reproduce smoke test mutants verify book checkbook notebooks bench clean
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1: /p' Makefile

setup: ## make the environment in .venv and fetch data/
	@tools/setup.sh

reproduce: setup ## the tour: a finding of each paper, from simulation to figure, in runs/quick; PAPER=don: one paper; ALL=1: every page
	@graspbook reproduce --profile quick $(if $(PAPER),--paper $(PAPER)) $(if $(ALL),--all)

smoke: setup ## does every page execute? All of them with a few steps on a few images, in runs/smoke
	@graspbook reproduce --profile smoke

test: setup ## run the tests, on all cores; FAST=1: without the slow ones, in a minute
	@echo "[test] running the tests ($(if $(FAST),a minute,a few minutes))"
	@OMP_NUM_THREADS=1 python -m pytest -n auto $(if $(FAST),-m "not slow")

mutants: setup ## change the wiring wrongly in small ways, one at a time: does a test fail? ONLY=don/train.py; all: hours
	@OMP_NUM_THREADS=1 nice -n 15 python -m tools.mutants $(if $(ONLY),--only $(ONLY))

verify: setup ## is dvc.lock current, do the reports here agree with the committed ones, and with one another?
	@echo "[verify] what dvc repro would run (only \`sources\`, where all is up to date):"
	@dvc repro --dry --allow-missing
	@echo "[verify] this run beside the committed one, stage by stage:"
	@graspbook verify

book: ## build the book into site/, to be read in a browser; sets up its own small environment
	@tools/setup_book.sh
	@PYTHONPATH=src scratch/book/venv/bin/python -m graspbook.book

checkbook: book ## test how the book is made, and open every page of it in headless Chromium
	@tools/setup_book.sh browser
	@PYTHONPATH=src scratch/book/venv/bin/python -m pytest -W ignore -o addopts="-q -rs --import-mode=importlib" --confcutdir tests/book tests/book

notebooks: setup ## open the notebooks in JupyterLab, with the trained models fetched
	@dvc pull --quiet
	@jupyter lab notebooks

bench: setup ## measure speed; writes reports/benchmarks.csv
	@python tests/benchmarks/run.py

clean: ## free what can be made again: finished trainings, workspaces of profiles, partly executed notebooks
	@rm -rf runs scratch/trainings scratch/pasted scratch/notebooks scratch/live
