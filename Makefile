# SPDX-License-Identifier: GPL-2.0-only
#
# The targets for people; `make help` lists them. What kbuild needs is in Kbuild.
# Everything is built below build/, where the module has a directory for each
# kernel, so that it can be built for several of them.

VERSION := $(shell cat VERSION)
KERNELS ?= 6.1 6.12 6.12-rt
TESTS ?=

PREFIX ?= /usr/local
DESTDIR ?=
KERNELRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE)/build

vm := selftests/vm
kdir_of = $(shell $(vm)/kernel headers $(1))
release_of = $(or $(shell cat $(1)/include/config/kernel.release 2>/dev/null),$(KERNELRELEASE))
has_tools := $(wildcard tools/Makefile)

all: lib module $(if $(has_tools),tools)

help:
	@sed -n 's/^#: //p' Makefile

#: make                    the library, and the module for the running kernel
#: make module             the module alone; KDIR=DIR for another kernel's headers
#: make lib                the library, into build/lib
#: make examples           the example servers and clients, into build/examples
#: make selftests          the test programs, into build/selftests
.PHONY: all help module lib lib32 tools examples selftests

module:
	@selftests/module $(call release_of,$(KDIR)) $(KDIR)

lib lib32:
	@$(MAKE) --no-print-directory -C lib BUILD=$(CURDIR)/build PREFIX=$(PREFIX) $(if $(filter lib32,$@),lib32)

tools: lib
	@$(MAKE) --no-print-directory -C tools BUILD=$(CURDIR)/build

examples: lib
	@$(MAKE) --no-print-directory -C lib/examples BUILD=$(CURDIR)/build

selftests: lib lib32
	@$(MAKE) --no-print-directory -C selftests all OUTPUT=$(CURDIR)/build/selftests

#: make install            the library, headers, manual pages and examples'
#:                         sources, to $(DESTDIR)$(PREFIX); PREFIX=/usr/local
#: make module-install     the module, to $(DESTDIR)/lib/modules of its kernel
.PHONY: install module-install

install: lib $(if $(has_tools),tools)
	@$(MAKE) --no-print-directory -C lib BUILD=$(CURDIR)/build PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
ifneq ($(has_tools),)
	@$(MAKE) --no-print-directory -C tools BUILD=$(CURDIR)/build PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
endif
	install -d $(DESTDIR)$(PREFIX)/share/doc/phxport/examples
	install -m 644 lib/examples/*.[ch] lib/examples/Makefile $(DESTDIR)$(PREFIX)/share/doc/phxport/examples
	for section in 4 7; do \
		pages=$$(ls module/man/*.$$section 2>/dev/null) || continue; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$section; \
		install -m 644 $$pages $(DESTDIR)$(PREFIX)/share/man/man$$section; \
	done

module-install: module
	install -D -m 644 build/module/$(call release_of,$(KDIR))/phxport.ko \
		$(DESTDIR)/lib/modules/$(call release_of,$(KDIR))/updates/phxport.ko
	$(if $(DESTDIR),@echo "Now run: depmod $(call release_of,$(KDIR))",depmod $(call release_of,$(KDIR)))

#: make module-6.12        the module for Debian's 6.1, 6.12 or 6.12-rt, with all
#:                         warnings and sparse; any warning is an error
#: make vm-6.12            runs the tests in a virtual machine with that kernel;
#:                         TESTS="test_abi ..." for some of them
#: make shell-6.12         a shell in such a machine
#: make vm-debug           the same with a kernel with KASAN, lockdep, kmemleak and
#:                         fault injection, which is built first
.PHONY: root demo-root FORCE

module-%: FORCE
	@selftests/module --strict $* $(call kdir_of,$*)

vm-%: module-% root FORCE
	$(vm)/run -k $* --log build/vm/$* $(if $(filter debug,$*),--timeout 7200 --mem 3072) --swap 64 --disk 64 --tap selftests/run-tests $(TESTS)

shell-%: module-% root FORCE
	$(vm)/run -k $* --log build/vm/$* --swap 64 --disk 64 --shell

# What the guest finds in /opt/phxport.
root: lib examples selftests $(if $(has_tools),tools)
	@selftests/stage build/root

demo-root: lib examples $(if $(has_tools),tools)
	@selftests/stage build/root

#: make demo               copies a tree of files through a port in a virtual
#:                         machine, and compares phxport with pipes and binder
#: make bench              runs phxbench in virtual machines with 6.1 and 6.12, and
#:                         leaves tables and pictures in build/bench; KERNELS="6.12"
#:                         for one, BENCH="--peers pipe ..." for phxbench's options,
#:                         BENCH_CHECK=1 to fail if a bar is not reached
#: make fuzz               phxfuzz in a virtual machine for MINUTES=5, with SEED=1 and
#:                         KERNEL=6.12 (or debug); what it finds new is left in
#:                         build/fuzz
#: make soak               everything at once in a virtual machine for MINUTES=5
#: make style              checkpatch, kernel-doc, shellcheck, codespell, manual
#:                         pages and licences
#: make check              installs what is missing, builds for all kernels, checks
#:                         the style and runs all tests; KERNELS="6.12" for one
#: make clean
.PHONY: demo bench fuzz soak style check clean

demo:
	@selftests/deps 6.12
	@$(MAKE) --no-print-directory module-6.12 demo-root
	@selftests/demo

bench:
	@selftests/bench $(if $(filter-out file,$(origin KERNELS)),$(KERNELS))

KERNEL ?= 6.12
MINUTES ?= 5
SEED ?= 1

fuzz: module-$(KERNEL) root
	@selftests/fuzz/run $(KERNEL) $(MINUTES) $(SEED)

soak: module-$(KERNEL) root
	$(vm)/run -k $(KERNEL) --log build/vm/soak --mem 1024 --swap 512 --timeout $$(($(MINUTES) * 120 + 900)) \
		--no-tap selftests/soak.sh $(MINUTES)

style:
	@selftests/style

check:
	@selftests/check $(KERNELS)

clean:
	rm -rf build
