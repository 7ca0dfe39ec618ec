# SPDX-License-Identifier: GPL-2.0-only
# Sets KSFT to the directory with the kernel's lib.mk and kselftest_harness.h:
# KSFT=DIR on the command line, or out of Debian's linux-source-6.12.

KSFT ?= $(addsuffix /tools/testing/selftests,$(shell ./ksft))
ifeq ($(wildcard $(KSFT)/lib.mk),)
$(error There is no lib.mk in '$(KSFT)'; run: apt-get install linux-source-6.12 (or give KSFT=DIR, tools/testing/selftests of a kernel tree))
endif
