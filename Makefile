# Two commands for a newcomer: `make demo` and `make test`. Everything they need is installed into .venv-* here.
PYTHON ?= python3.11
BPY ?= 5.0.1
LANES = 5.0.1 4.5.15 4.2.23
BLENDER ?= blender
CLIP ?= samples/performance.mp4
VENV = .venv-$(BPY)
RUN = $(VENV)/bin/python
READY = $(VENV)/ready
# Each lane tests with the numpy that its Blender ships; the lane without Blender (BPY=none) with the newest.
NUMPY_4.2.23 = 1.24.4
NUMPY_none = 2.4.6
NUMPY = $(or $(NUMPY_$(BPY)),1.26.4)
# Reference data that is not in the repository (tools/shared_data.py).
FIELDS_SHARED ?= $(abspath ../shared)
export FIELDS_SHARED
# For `make eval`: its test sets, what they are made of, the environment that renders training's heads, and the peer with
# its model and environment.
EVAL ?= data/eval
HEADS ?= $(FIELDS_SHARED)/data/heads
CLIPS ?= $(FIELDS_SHARED)/data/clips
LABELLED ?= $(FIELDS_SHARED)/data/clips_labelled
VROID ?= $(FIELDS_SHARED)/data/rigs/vroid_arkit_visemes.glb
FILMS = $(wildcard $(CLIPS)/*.mp4 $(CLIPS)/*.mov $(CLIPS)/*.avi $(LABELLED)/*.mp4)
TASK ?= $(FIELDS_SHARED)/data/peers/face_landmarker.task
TRAINING ?= .venv-training
PEER ?= .venv-mediapipe
PACKAGES = $(if $(filter none,$(BPY)),,bpy==$(BPY)) numpy==$(NUMPY) -r requirements.txt
PIP = $(RUN) -m pip install --quiet --disable-pip-version-check

RIGIFY := tests/blender/test_rigify.py

.PHONY: help demo test test-all fuzz kill gui-test extension bench eval sheets lint models clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(READY): requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(PACKAGES)
	touch $@

$(VENV)/lint: $(READY) requirements-lint.txt
	$(PIP) -r requirements-lint.txt
	touch $@

models: $(READY)  ## the face networks, converted from MediaPipe's
	$(RUN) -m tools.fetch_models

demo: models  ## video -> keyed head, under out/demo (CLIP=path.mp4 for a video of yours)
	$(RUN) -m tools.demo "$(CLIP)"

# Each of Rigify's tests in a process of its own: in bpy 4.2 the next change of mode after one now and then crashes.
test: models  ## all tests in one Blender version (BPY=4.2.23 for another, BPY=none without Blender)
	$(RUN) -m pytest --ignore=$(RIGIFY) $(TESTS)
	$(if $(filter none,$(BPY)),,set -e; for rig in classic skin metarig; do $(RUN) -m pytest $(RIGIFY) -k $$rig; done)

# Two lanes at a time. The tests of the library run with the oldest numpy and the newest: that of 4.2.23, and without Blender.
test-all: lint models  ## lint, and the tests in every Blender version we support; what CI runs
	$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),-O) $(addprefix lane-,$(LANES) none)

lane-%:
	@echo "== bpy $*"
	@$(MAKE) --no-print-directory test BPY=$* TESTS=$(if $(filter 4.2.23 none,$*),,tests/blender)

fuzz: models  ## 20,000 changed files on everything that reads files (COUNT=1000 for fewer)
	$(RUN) -m tests.fuzz --count $(or $(COUNT),20000) --jobs 2

kill: models  ## captures that are killed, or whose disk becomes full, at random moments (COUNT=5 for fewer)
	$(RUN) -m tests.kill --count $(or $(COUNT),50)

gui-test: models  ## the whole work in a real window (BLENDER=path; BLENDER="xvfb-run blender" without a screen)
	$(RUN) -m tools.gui_test --blender "$(BLENDER)"

lint: $(VENV)/lint  ## ruff and the type checker
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m basedpyright --pythonpath $(RUN)

extension: models  ## the installable zips, one a platform, under dist
	$(RUN) -m tools.build_extension $(if $(PLATFORM),--platform $(PLATFORM))

bench: models  ## speed, as ratios within one run (QUICK=1 without the ten-minute clip)
	$(RUN) -m tools.bench $(if $(QUICK),--quick)

eval: models $(TRAINING)/ready $(if $(wildcard $(TASK)),$(PEER)/ready)  ## how good the regressor is: docs/evaluation.md (QUICK=1 without made-up people)
	$(if $(wildcard $(VROID)),$(TRAINING)/bin/python -m training.evaluation.vroid_head $(VROID) --out $(EVAL)/heads)
	$(if $(filter none,$(BPY)),,$(RUN) -m training.evaluation.render_heads $(HEADS) $(EVAL)/heads --out $(EVAL))
	$(if $(QUICK),,$(TRAINING)/bin/python -m training.evaluation.make_test_sets --out $(EVAL))
	$(if $(wildcard $(TASK)),$(PEER)/bin/python -m training.evaluation.run_mediapipe $(TASK) $(EVAL)/*-* \
		$(FILMS) --clips $(EVAL)/clips)
	$(if $(filter none,$(BPY)),,$(RUN) -m tools.keyed $(FILMS) $$(ls -d $(EVAL)/videos[12]-* 2>/dev/null) \
		--out $(EVAL)/keyed)
	$(TRAINING)/bin/python -m training.evaluation.evaluate --data $(EVAL) --clips $(CLIPS) --labelled $(LABELLED) \
		$(if $(WITHOUT),--models-without $(WITHOUT)) $(if $(QUICK),--only-first)
	$(TRAINING)/bin/python -m training.evaluation.taught --data $(EVAL)

sheets:  ## video, our head and a MediaPipe-driven head side by side, of what eval read: out/sheets
	$(TRAINING)/bin/python -m training.evaluation.sheets $(FILMS) --data $(EVAL)

$(TRAINING)/ready: requirements-training.txt
	$(PYTHON) -m venv $(TRAINING)
	$(TRAINING)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-training.txt
	touch $@

$(PEER)/ready:
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check mediapipe==0.10.14
	touch $@

clean:  ## everything made here, the environments too
	rm -rf out dist wheels .cache .venv-*
