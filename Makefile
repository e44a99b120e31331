# Two commands for a newcomer: `make demo` and `make test`. Everything they need is installed into .venv-* here.
PYTHON ?= python3.11
BPY ?= 5.0.1
LANES = 5.0.1 4.5.15 4.2.23
VENV = .venv-$(BPY)
RUN = $(VENV)/bin/python
CLIP ?= samples/performance.mp4
READY = $(VENV)/ready

.PHONY: demo test test-all extension bench lint models clean

$(READY): requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check bpy==$(BPY) -r requirements.txt
	touch $@

models: $(READY)  ## the face networks, converted from MediaPipe's
	$(RUN) -m tools.fetch_models

demo: models  ## video -> keyed head, under out/demo (CLIP=path.mp4 for a video of yours)
	$(RUN) -m tools.demo "$(CLIP)"

test: models  ## all tests in one Blender version (BPY=4.2.23 for another)
	$(RUN) -m pytest

test-all: lint
	for lane in $(LANES); do $(MAKE) test BPY=$$lane || exit 1; done

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

extension: models  ## the installable zips, under dist
	$(RUN) -m tools.build_extension

bench: models  ## speed as ratios within one run
	$(RUN) -m tools.bench

clean:
	rm -rf out dist wheels .cache .venv-*
