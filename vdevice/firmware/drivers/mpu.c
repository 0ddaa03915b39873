/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/mpu.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/firmware/base/check.h"
#include "vdevice/firmware/base/mmio.h"

/* Armv8-M Architecture Reference Manual, D1.2: MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RLAR, MPU_MAIR0. */
#define MPU_BASE  0xe000ed90u
#define MPU_CTRL  0x04u
#define MPU_RNR   0x08u
#define MPU_RBAR  0x0cu
#define MPU_RLAR  0x10u
#define MPU_MAIR0 0x30u

#define MPU_CTRL_ENABLE   1u
#define MPU_CTRL_HFNMIENA 2u
#define MPU_RBAR_XN       1u
#define MPU_RBAR_AP_RW    (1u << 1) /* by everybody; without it, privileged only */
#define MPU_RBAR_AP_RO    (2u << 1)
#define MPU_RLAR_ENABLE   1u
#define MPU_RLAR_DEVICE   (1u << 1) /* second attribute of MPU_MAIR0 */
#define MPU_MAIR_NORMAL   0x44u     /* normal memory, not cached */
#define MPU_MAIR_DEVICE   0x0400u   /* device, nGnRE, as attribute 1 */
#define MPU_GRANULE       32u

static uint32_t mpu_rbar(MpuAccess access)
{
    switch (access) {
    case MPU_CODE:
        return MPU_RBAR_AP_RO | MPU_RBAR_AP_RW;
    case MPU_READ_PRIVILEGED:
        return MPU_RBAR_AP_RO | MPU_RBAR_XN;
    case MPU_MEMORY:
    case MPU_DEVICE:
        return MPU_RBAR_AP_RW | MPU_RBAR_XN;
    case MPU_MEMORY_PRIVILEGED:
    case MPU_DEVICE_PRIVILEGED:
        break;
    }
    return MPU_RBAR_XN;
}

void mpu_start(const MpuRegion *regions, uint32_t count)
{
    CHECK(count <= CPU_MPU_REGIONS);
    mmio_write(MPU_BASE, MPU_CTRL, 0);
    mmio_write(MPU_BASE, MPU_MAIR0, MPU_MAIR_NORMAL | MPU_MAIR_DEVICE);
    for (uint32_t i = 0; i < CPU_MPU_REGIONS; i++) {
        mmio_write(MPU_BASE, MPU_RNR, i);
        mmio_write(MPU_BASE, MPU_RLAR, 0);
        if (i >= count) {
            continue;
        }
        const MpuRegion *region = &regions[i];
        CHECK(region->start % MPU_GRANULE == 0 && region->end % MPU_GRANULE == 0);
        bool is_device = region->access == MPU_DEVICE || region->access == MPU_DEVICE_PRIVILEGED;
        mmio_write(MPU_BASE, MPU_RBAR, region->start | mpu_rbar(region->access));
        mmio_write(MPU_BASE, MPU_RLAR,
                   (region->end - MPU_GRANULE) | (is_device ? MPU_RLAR_DEVICE : 0) |
                       MPU_RLAR_ENABLE);
    }
    mmio_write(MPU_BASE, MPU_CTRL, MPU_CTRL_ENABLE | MPU_CTRL_HFNMIENA);
    __asm volatile("dsb\n\tisb" ::: "memory");
}
