# SPDX-License-Identifier: GPL-2.0-only
#
# The targets for people; `make help` lists them. What kbuild needs is in Kbuild.
# Everything is built below build/, where the module has a directory for each
# kernel, so that it can be built for several of them.

VERSION := $(shell cat VERSION)
KERNELS ?= 6.1 6.12 6.12-rt
TESTS ?=
APPEND ?=

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

#: make install            library, headers, manual pages, tools, examples' sources,
#:                         and what udev, sysusers and modules-load need, to
#:                         $(DESTDIR)$(PREFIX); PREFIX=/usr/local
#: make uninstall          takes all that away again
#: make dkms-install       the module by DKMS, for all kernels whose headers are
#:                         installed, or for KERNELRELEASE="..."; with DESTDIR only
#:                         its sources
#: make dkms-uninstall     takes it away again
#: make module-install     the module without DKMS, to $(DESTDIR)/lib/modules of its
#:                         kernel
.PHONY: install uninstall dkms-install dkms-uninstall module-install

conf := tools/install
DOCDIR ?= $(PREFIX)/share/doc/phxport

install: lib $(if $(has_tools),tools)
	@$(MAKE) --no-print-directory -C lib BUILD=$(CURDIR)/build PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
ifneq ($(has_tools),)
	@$(MAKE) --no-print-directory -C tools BUILD=$(CURDIR)/build PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
endif
	install -d $(DESTDIR)$(DOCDIR)/examples
	install -m 644 lib/examples/*.[ch] lib/examples/Makefile $(DESTDIR)$(DOCDIR)/examples
	install -d $(DESTDIR)$(DOCDIR)/examples/phoenix
	install -m 644 lib/examples/phoenix/*.[ch] lib/examples/phoenix/Makefile $(DESTDIR)$(DOCDIR)/examples/phoenix
	for section in 4 7; do \
		pages=$$(ls module/man/*.$$section 2>/dev/null) || continue; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$section; \
		install -m 644 $$pages $(DESTDIR)$(PREFIX)/share/man/man$$section; \
	done
	install -D -m 644 $(conf)/phxport.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-phxport.rules
	install -D -m 644 $(conf)/phxport.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/phxport.conf
	install -D -m 644 $(conf)/phxport.modules-load $(DESTDIR)$(PREFIX)/lib/modules-load.d/phxport.conf
ifeq ($(DESTDIR),)
	@echo "Installed. Now run, as root:"
	@echo "    ldconfig"
	@echo "    systemd-sysusers $(PREFIX)/lib/sysusers.d/phxport.conf"
	@echo "    udevadm control --reload"
endif

# What is to be removed is what installing puts there.
uninstall:
	@rm -rf build/uninstall
	@$(MAKE) --no-print-directory -s install DESTDIR=$(CURDIR)/build/uninstall PREFIX=$(PREFIX)
	@$(conf)/uninstall build/uninstall "$(DESTDIR)/" $(PREFIX)
	@rm -rf build/uninstall

dkms-install:
ifneq ($(DESTDIR),)
	@$(conf)/dkms source $(DESTDIR)/usr/src/phxport-$(VERSION)
else
	@$(conf)/dkms install $(if $(filter-out file,$(origin KERNELRELEASE)),$(KERNELRELEASE))
endif

dkms-uninstall:
ifneq ($(DESTDIR),)
	rm -rf $(DESTDIR)/usr/src/phxport-$(VERSION)
else
	@$(conf)/dkms uninstall
endif

module-install: module
	install -D -m 644 build/module/$(call release_of,$(KDIR))/phxport.ko \
		$(DESTDIR)/lib/modules/$(call release_of,$(KDIR))/updates/phxport.ko
	$(if $(DESTDIR),@echo "Now run: depmod $(call release_of,$(KDIR))",depmod $(call release_of,$(KDIR)))

#: make module-6.12        the module for Debian's 6.1, 6.12 or 6.12-rt, with all
#:                         warnings and sparse; any warning is an error
#: make vm-6.12            runs the tests in a virtual machine with that kernel;
#:                         TESTS="test_abi ..." for some of them, APPEND="..." for
#:                         more of the kernel's command line
#: make shell-6.12         a shell in such a machine
#: make vm-debug           the same with a kernel with KASAN, lockdep, kmemleak and
#:                         fault injection, which is built first
#: make vm-kcsan           the same with one that looks for data races
.PHONY: root demo-root FORCE

module-%: FORCE
	@selftests/module --strict $* $(call kdir_of,$*)

vm-%: module-% root FORCE
	$(vm)/run -k $* --log build/vm/$* $(if $(APPEND),--append "$(APPEND)") $(if $(filter debug kcsan,$*),--timeout 7200 --mem 3072,--timeout 2400) --swap 64 --disk 64 \
		--modprobe fuse --tap selftests/run-tests $(TESTS)

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
#: make soak               everything at once in a virtual machine for MINUTES=5;
#:                         KERNEL=debug makes calls fail inside, too
#: make style              checkpatch, kernel-doc, shellcheck, codespell, manual
#:                         pages and licences
#: make check-model        has spin look at all states of the protocol's models, and
#:                         find the defects that are switched on in them; LONG=1
#:                         has it look at the largest, too, which takes minutes
#: make check              installs what is missing, builds for all kernels, checks
#:                         the style and runs all tests; KERNELS="6.12" for one
#: make dkms-check         builds the module by DKMS for all kernels, and loads, upgrades
#:                         and removes it in virtual machines; KERNELS="6.12" for one
#: make dist               the sources, as build/dist/phxport-VERSION.tar.xz
#: make deb                Debian packages, in build/deb
#: make deb-check          builds them twice, checks them with lintian, and installs, uses
#:                         and purges them in a chroot and a virtual machine; needs root
#: make check-debug        builds kernels with KASAN and with KCSAN, runs all tests,
#:                         kills and faults on them, and leaves counts and the lines
#:                         no test ran in build/debug/report.txt; three hours
#: make check-mutants      puts defects into the module, one by one, and sees that the
#:                         tests notice each; MUTANTS="NAME ..." for some of them
#: make clean
.PHONY: demo bench fuzz soak style check check-model check-debug check-mutants dkms-check dist deb deb-check clean

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
	$(vm)/run -k $(KERNEL) --log build/vm/soak --mem $(if $(filter debug kcsan,$(KERNEL)),3072,1024) --swap 512 --timeout $$(($(MINUTES) * 120 + 900)) \
		--no-tap selftests/soak.sh $(MINUTES)

style:
	@selftests/style

check:
	@selftests/check $(KERNELS)

dkms-check:
	@selftests/deps $(KERNELS) dkms
	@$(MAKE) --no-print-directory root
	@KERNELS="$(KERNELS)" selftests/install/check dkms.bats

dist:
	@$(conf)/dist build/dist

deb:
	@selftests/deps deb
	@$(conf)/deb build/deb
	@ls build/deb/*.deb

deb-check:
	@selftests/deps 6.1 6.12 dkms deb deb-check
	@$(MAKE) --no-print-directory root
	@selftests/install/check deb.bats

check-model:
	@selftests/model/check $(if $(LONG),--long)

check-debug:
	@selftests/check-debug

check-mutants: root
	@selftests/mutants/run $(MUTANTS)

clean:
	rm -rf build
