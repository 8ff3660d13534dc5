# Everything runs from .venv, which `make setup` builds from constraints.txt.
.DELETE_ON_ERROR:
.PHONY: help setup run plan claims data test lint format lock bench costs docs dockerfile clean clean-envs distclean

PYTHON ?= python3
CORES  ?= $(shell nproc 2>/dev/null || echo 2)
CONFIG ?= config/config.yaml
TRACK  ?= workflow
RUNS   ?= .
BIN    := .venv/bin
UV     := $(shell command -v uv || echo $(BIN)/uv)
# uv does not read pip's setting for a local folder of wheels (a CPU build of torch, say), so it is passed on.
FIND_LINKS = $(or $(UV_FIND_LINKS),$(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null))
SNAKEMAKE := $(BIN)/snakemake --cores $(CORES) --configfile $(CONFIG)

help:  ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.complete  ## build .venv from constraints.txt

.venv/.complete: pyproject.toml constraints.txt
	@echo "Setting up .venv (once, a minute or two) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and f"scbench needs Python 3.11, which its environments pin. Got {sys.version.split()[0]} from $(PYTHON); set PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x "$(UV)" || $(BIN)/python -m pip install --quiet uv
	UV_FIND_LINKS="$(FIND_LINKS)" $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python \
		--constraint constraints.txt -r pyproject.toml --extra workflow --extra deep --extra markers --extra svg --extra annotation --extra dev
	@touch $@

# The report is written even if the quality gate is shut: it says why.
run: setup  ## run the default benchmark (CONFIG=..., CORES=...) and write results/report.html
	@test -f "$(CONFIG)" || { echo "CONFIG=$(CONFIG) does not exist. In config/: config.yaml, paper.yaml, smoke.yaml."; exit 1; }
	@$(SNAKEMAKE); code=$$?; \
	if [ -f results/manifest.json ]; then $(MAKE) --no-print-directory results/report.html || exit; fi; exit $$code

plan: setup  ## list the jobs of CONFIG and what they will take, and run nothing
	@$(SNAKEMAKE) -n --quiet rules

claims: setup  ## judge the published claims by the results that exist, into results/claims.html
	$(BIN)/snakemake --cores $(CORES) claims

data: setup  ## bring, check and prepare the datasets of CONFIG, and sum them up in results/datasets.tsv
	$(SNAKEMAKE) data

results/report.html: results/manifest.json
	$(SNAKEMAKE) --report $@.part.html
	@mv $@.part.html $@
	@echo "Report: $@"

test: setup  ## run the tests
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile --no-loadscope-reorder

lint: setup  ## ruff, snakefmt and snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: setup  ## rewrite the sources in the house style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

docs: setup  ## write config/README.md again from the schemas
	PYTHONPATH=scripts $(BIN)/python -m scbench.config_readme

dockerfile: setup  ## write Dockerfile again from envs/
	PYTHONPATH=scripts $(BIN)/python -m scbench.dockerfile

bench: setup  ## measure the targets of TRACK=workflow|data|environments|markers|svg|annotation into results/bench/TRACK.tsv
	PYTHONPATH=scripts $(BIN)/python -m scbench.bench $(TRACK)

costs: setup  ## fit config/costs.yaml to the finished runs in the folders of RUNS (this one by default)
	PYTHONPATH=scripts $(BIN)/python -m scbench.costs_fit $(RUNS)

lock: setup  ## resolve constraints.txt again from pyproject.toml, and the checksums of envs/locks from the index
	UV_FIND_LINKS="$(FIND_LINKS)" $(UV) pip compile --quiet --python-version 3.11 --no-header --no-annotate \
		--all-extras pyproject.toml | sed 's/+cpu$$//' > constraints.txt.part
	@mv constraints.txt.part constraints.txt
	PYTHONPATH=scripts $(BIN)/python -m scbench.environment_locks

clean:  ## remove results (keeps downloads and .venv)
	rm -rf .snakemake
	find results -mindepth 1 ! -path results/README.md -delete

clean-envs:  ## remove the environments of isolated methods, built or failed; the next run builds them again
	rm -rf resources/envs

distclean: clean  ## remove everything that was downloaded or built
	rm -rf .venv build
	find resources -mindepth 1 ! -path resources/README.md ! -path 'resources/manual*' -delete
