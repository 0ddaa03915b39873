/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The memory protection unit (Armv8-M, PMSAv8): what unprivileged code may touch, and what nobody
 * may.
 *
 * Regions do not overlap. With the unit on there is no background map: an address outside every
 * region faults, for privileged code too (the system control space apart). Memory that can be
 * written can never be executed.
 */

#include <stdint.h>

typedef enum MpuAccess {
    MPU_CODE,              /* everybody reads and executes */
    MPU_READ_PRIVILEGED,   /* privileged code reads */
    MPU_MEMORY,            /* everybody reads and writes */
    MPU_MEMORY_PRIVILEGED, /* privileged code reads and writes */
    MPU_DEVICE,            /* as MPU_MEMORY, for registers */
    MPU_DEVICE_PRIVILEGED,
} MpuAccess;

/* From `start` up to but not with `end`; both multiples of 32. */
typedef struct MpuRegion {
    uint32_t start;
    uint32_t end;
    MpuAccess access;
} MpuRegion;

/* Replaces all regions by these, at most CPU_MPU_REGIONS, and switches the unit on. */
void mpu_start(const MpuRegion *regions, uint32_t count);
