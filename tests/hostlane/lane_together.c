/* SPDX-License-Identifier: MIT */
/*
 * Sources compiled as one, for speed alone: most of a boot on the host is the store looking for
 * records, a few bytes at a time, and these small readers are worth inlining.
 */
#include "vdevice/firmware/base/bytes.c"
#include "vdevice/firmware/core/store.c"
