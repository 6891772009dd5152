# make run   set up, then the window on the sample cases (without a display: offscreen, results in out/)
# make test  set up, then every test, offscreen
.PHONY: run test lint bench soak clean help
PY := .venv/bin/python
DISPLAY_SET := $(DISPLAY)$(WAYLAND_DISPLAY)

help:
	@sed -n '1,2p' Makefile; echo '# make lint | bench | soak'

run:
	@python3 installer/bootstrap.py
ifeq ($(DISPLAY_SET),)
	@echo "no display: working offscreen, results go to out/" >&2
	@QT_QPA_PLATFORM=offscreen $(PY) main.py demo --out out
else
	@$(PY) main.py
endif

test:
	@python3 installer/bootstrap.py --extras training,dev
	@QT_QPA_PLATFORM=offscreen $(PY) -m pytest -q -n 2 --dist loadfile -m "not slow" $(TESTS)

lint:
	@python3 installer/bootstrap.py --extras training,dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

bench:
	@python3 installer/bootstrap.py --extras training,dev
	@$(PY) main.py bench store --cases 2000 --json
	@$(PY) main.py bench inference --json
	@QT_QPA_PLATFORM=offscreen $(PY) main.py bench imaging --json

soak:
	@python3 installer/bootstrap.py --extras training,dev
	@QT_QPA_PLATFORM=offscreen $(PY) -m pytest -q -m slow --timeout=3600
	@$(PY) -m tests.soak.kill_store 1000
	@$(PY) -m tests.soak.kill_analysis 50
	@$(PY) -m tests.soak.mutate_inputs 2000
	@$(PY) -m tests.soak.fuzz_readers 100000
	@$(PY) -m tests.soak.trace_sockets

clean:
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
