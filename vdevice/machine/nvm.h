/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LOCKSTEP_NVM_H
#define LOCKSTEP_NVM_H

/*
 * Cells that keep their state without power, and the operations that change them: flash and fuses.
 *
 * An array is bytes of cells. One operation at a time *drives* some of its cells (the strobe) to
 * one level: a flash program drives to 0 the bits that are 0 in the data, an erase drives a whole
 * sector to 1, a fuse program drives to 1 the bits that are 1 in the data. Cells change when the
 * operation's time is over; until then they read as before. A loss of power in between leaves what
 * the lab's cut says, nothing else. A reset of the chip does not reach the cells: the operation is
 * completed.
 *
 * All arrays share one numbering of operations since BEGIN.
 *
 * Weak cells read right until some time after the next power-on and then flip back, unless they are
 * driven again before.
 *
 * Contents given by the lab are compared page by page with what is there, and pages that are equal
 * are not touched, so that nobody has to look at them again. After a BEGIN that wipes, pages become
 * new only at the next power-on, read or damage, and only if the lab has not written them; for that
 * the lab should write whole pages of 4 KiB.
 */

#include "qemu/timer.h"
#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"

typedef struct NvmArray NvmArray;

typedef struct NvmArrayOps {
    /* cells differ now; may be NULL */
    void (*changed)(void *opaque, uint32_t offset, uint32_t bytes);
    void (*done)(void *opaque); /* the operation is over */
} NvmArrayOps;

struct NvmArray {
    const NvmArrayOps *ops;
    void *opaque;
    uint8_t *cells;
    uint32_t bytes;
    uint32_t page_bytes;
    uint8_t new_byte;     /* what a new device holds everywhere */

    /* The operation in progress, if `running`. */
    bool running;
    uint64_t number;
    uint32_t kind;        /* HOSTLINK_NVM_... */
    uint32_t offset;
    uint32_t length;
    int64_t end;
    QEMUTimer timer;
    uint8_t strobe[FLASH_SECTOR_BYTES];

    uint8_t *kept;        /* the cells at the last SAVE */
    bool *touched;        /* per page: may differ from `kept` */
    bool *blank;          /* per page: to become new before anybody looks */
    bool blank_any;
    uint8_t *weak;        /* per cell: flips when decay_timer fires */
    bool weak_any;
    uint64_t decay;
    QEMUTimer decay_timer;
};

/* Makes `array` over `cells`, as new, and offers it to the lab as HOSTLINK_SPACE_ `space`. */
void nvm_init(NvmArray *array, uint32_t space, uint8_t *cells, uint32_t bytes, uint8_t new_byte,
              const NvmArrayOps *ops, void *opaque);

/* Starts an operation on an array at rest and tells the lab; a register write's last act. */
void nvm_start(NvmArray *array, uint32_t kind, uint32_t offset, const uint8_t *from,
               uint32_t bytes, int64_t duration);

/* Completes the operation in progress, if any, at once: the chip is being reset. */
void nvm_finish(NvmArray *array);

/* When the operation of that number ends; 0 if it is not in progress. */
int64_t nvm_end_of(uint64_t number);

/* Fills in, after `power_off`, what the loss did to an operation. */
void nvm_report(HostlinkPowerLost *ret_lost);

extern const VMStateDescription nvm_vmstate;

#define VMSTATE_NVM_ARRAY(field, state) VMSTATE_STRUCT(field, state, 1, nvm_vmstate, NvmArray)

#endif
