# SPDX-License-Identifier: GPL-2.0-or-later
# make wraps ninja; ./configure is run when it is needed.
.PHONY: all demo check check-unit module install clean bench
BUILD := build
DEPS := $(if $(filter 0,$(shell id -u)),--install-deps)

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@./configure $(DEPS)

check-unit: $(BUILD)/build.ninja
	@scripts/check unit

check:
	@./configure $(DEPS) --with=all
	@scripts/check

demo:
	@./configure $(DEPS) --with=module,demo
	@ninja -C $(BUILD)
	@$(MAKE) --no-print-directory -C kernel/gvt
	@scripts/demo

module:
	@./configure $(DEPS) --with=module
	@$(MAKE) -C kernel/gvt

bench:
	@./configure $(DEPS) --with=all
	@ninja -C $(BUILD)
	@tests/bench/run

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf $(BUILD) build-asan build-fuzz
	@[ ! -f kernel/gvt/Makefile ] || $(MAKE) -C kernel/gvt clean
