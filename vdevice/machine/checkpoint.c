/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One state of the whole device, kept in the process's own memory.
 *
 *  C1  Whatever has a VMStateDescription in the machine's tree is kept, and what blocks add; a
 *      footer after each proves that it was read as it was written. Only the processor and its
 *      interrupt controller are described anew, below.
 *  C2  All timers of virtual time are taken off and armed again in the order in which they stood,
 *      whoever owns them.
 *  C3  A restore that fails leaves a device that never was: it ends the process.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/boards.h"
#include "hw/intc/armv7m_nvic.h"
#include "hw/core/cpu.h"
#include "hw/qdev-core.h"
#include "io/channel-buffer.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "../migration/qemu-file.h"
#include "cpu.h"
#include "checkpoint.h"

#define CHECKPOINT_FOOTER       0x7e
#define CHECKPOINT_BYTES_USUAL  (64 * KiB)
#define CHECKPOINT_ADDED_MAX    8
#define CHECKPOINT_MEMORIES_MAX 8

typedef struct CheckpointPart {
    const VMStateDescription *vmsd;
    void *opaque;
} CheckpointPart;

typedef struct CheckpointTimer {
    QEMUTimer *timer;
    int64_t expire_time;
} CheckpointTimer;

static struct {
    CheckpointPart added[CHECKPOINT_ADDED_MAX];
    uint32_t added_count;
    const CheckpointMemory *memories[CHECKPOINT_MEMORIES_MAX];
    void *memory_opaque[CHECKPOINT_MEMORIES_MAX];
    uint32_t memory_count;

    GArray *parts;  /* of CheckpointPart: all, once the machine is complete */
    GArray *timers; /* of CheckpointTimer, in the order of the list */
    uint8_t *written; /* by the parts, one after the other */
    size_t written_bytes;
    QEMUTimer first;       /* stands before all others, to find them */
    bool kept;
    bool restoring;
} checkpoint;

static void G_NORETURN checkpoint_fail(const char *name, const char *what)
{
    fprintf(stderr, "lockstep: checkpoint: %s: %s\n", name, what);
    abort();
}

void checkpoint_add(const VMStateDescription *vmsd, void *opaque)
{
    assert(checkpoint.added_count < CHECKPOINT_ADDED_MAX);
    vmstate_register_any(NULL, vmsd, opaque);
    checkpoint.added[checkpoint.added_count++] = (CheckpointPart){vmsd, opaque};
}

void checkpoint_add_memory(const CheckpointMemory *memory, void *opaque)
{
    assert(checkpoint.memory_count < CHECKPOINT_MEMORIES_MAX);
    checkpoint.memories[checkpoint.memory_count] = memory;
    checkpoint.memory_opaque[checkpoint.memory_count] = opaque;
    checkpoint.memory_count++;
}

/* --- What there is to keep ------------------------------------------------------------------- */

static void checkpoint_add_part(const VMStateDescription *vmsd, void *opaque)
{
    CheckpointPart part = {vmsd, opaque};

    g_array_append_val(checkpoint.parts, part);
}

/*
 * QEMU's own description of the processor is for another process of another release, and leaves out
 * what an M-profile processor should not have: one whose program says SETEND is big-endian here,
 * and little-endian after its migration. Within one process all fields may be copied as they lie,
 * with the arrays that they point to.
 */
static const VMStateDescription checkpoint_processor = {
    .name = "lockstep-checkpoint-processor",
    .fields = (const VMStateField[]){
        VMSTATE_BUFFER_UNSAFE(env, ARMCPU, 0, sizeof(CPUARMState)),
        VMSTATE_VARRAY_UINT32(env.pmsav8.rbar[M_REG_NS], ARMCPU, pmsav7_dregion, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_VARRAY_UINT32(env.pmsav8.rlar[M_REG_NS], ARMCPU, pmsav7_dregion, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_VARRAY_UINT32(env.pmsav8.rbar[M_REG_S], ARMCPU, pmsav7_dregion, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_VARRAY_UINT32(env.pmsav8.rlar[M_REG_S], ARMCPU, pmsav7_dregion, 0,
                              vmstate_info_uint32, uint32_t),
        VMSTATE_VARRAY_UINT32(env.sau.rbar, ARMCPU, sau_sregion, 0, vmstate_info_uint32, uint32_t),
        VMSTATE_VARRAY_UINT32(env.sau.rlar, ARMCPU, sau_sregion, 0, vmstate_info_uint32, uint32_t),
        VMSTATE_END_OF_LIST()
    }
};

/*
 * The same for its 528 vectors, which QEMU writes down one by one: half the time of a restore.
 */
static const VMStateDescription checkpoint_nvic = {
    .name = "lockstep-checkpoint-nvic",
    .fields = (const VMStateField[]){
        VMSTATE_BUFFER_UNSAFE(vectors, NVICState, 0,
                              offsetof(NVICState, sysregmem) - offsetof(NVICState, vectors)),
        VMSTATE_END_OF_LIST()
    }
};

static int checkpoint_add_device(Object *child, void *opaque)
{
    DeviceState *dev = (DeviceState *)object_dynamic_cast(child, TYPE_DEVICE);

    if (dev && object_dynamic_cast(child, TYPE_NVIC)) {
        checkpoint_add_part(&checkpoint_nvic, dev);
    } else if (dev && qdev_get_vmsd(dev)) {
        checkpoint_add_part(qdev_get_vmsd(dev), dev);
    }
    return 0;
}

/* Children come in no order that may matter. */
static int checkpoint_compare_parts(const void *left, const void *right)
{
    g_autofree char *left_path = object_get_canonical_path(((CheckpointPart *)left)->opaque);
    g_autofree char *right_path = object_get_canonical_path(((CheckpointPart *)right)->opaque);

    return strcmp(left_path, right_path);
}

static void checkpoint_find_parts(void)
{
    if (checkpoint.parts) {
        return;
    }
    checkpoint.parts = g_array_new(false, false, sizeof(CheckpointPart));
    checkpoint.timers = g_array_new(false, false, sizeof(CheckpointTimer));
    timer_init_ns(&checkpoint.first, QEMU_CLOCK_VIRTUAL, NULL, NULL);
    object_child_foreach_recursive(OBJECT(qdev_get_machine()), checkpoint_add_device, NULL);
    g_array_sort(checkpoint.parts, checkpoint_compare_parts);
    checkpoint_add_part(&vmstate_cpu_common, first_cpu);
    checkpoint_add_part(&checkpoint_processor, ARM_CPU(first_cpu));
    for (uint32_t i = 0; i < checkpoint.added_count; i++) {
        checkpoint_add_part(checkpoint.added[i].vmsd, checkpoint.added[i].opaque);
    }
}

/* --- Timers ---------------------------------------------------------------------------------- */

/* Takes all timers of virtual time off their list, and remembers them if asked to. */
static void checkpoint_take_timers(GArray *ret_timers)
{
    QEMUTimer *first = &checkpoint.first;

    timer_mod_ns(first, -1); /* before those that expire at zero, too */
    while (first->next) {
        CheckpointTimer timer = {first->next, first->next->expire_time};

        if (ret_timers) {
            g_array_append_val(ret_timers, timer);
        }
        timer_del(timer.timer);
    }
    timer_del(first);
}

static void checkpoint_put_timers(const GArray *timers)
{
    for (uint32_t i = 0; i < timers->len; i++) {
        CheckpointTimer *timer = &g_array_index(timers, CheckpointTimer, i);

        timer_mod_ns(timer->timer, timer->expire_time); /* behind its equals */
    }
}

/* --- Keeping and restoring ------------------------------------------------------------------- */

static void checkpoint_write(void)
{
    g_autoptr(QIOChannelBuffer) channel = qio_channel_buffer_new(CHECKPOINT_BYTES_USUAL);
    QEMUFile *file = qemu_file_new_output(QIO_CHANNEL(channel));

    for (uint32_t i = 0; i < checkpoint.parts->len; i++) {
        CheckpointPart *part = &g_array_index(checkpoint.parts, CheckpointPart, i);

        if (vmstate_save_state(file, part->vmsd, part->opaque, NULL)) {
            checkpoint_fail(part->vmsd->name, "cannot be kept");
        }
        qemu_put_byte(file, CHECKPOINT_FOOTER);
    }
    if (qemu_fflush(file)) {
        checkpoint_fail("all", "cannot be kept");
    }
    g_free(checkpoint.written);
    checkpoint.written = g_steal_pointer(&channel->data);
    checkpoint.written_bytes = channel->usage;
    qemu_fclose(file);
}

static void checkpoint_read(void)
{
    g_autoptr(QIOChannelBuffer) channel = qio_channel_buffer_new(0);
    QEMUFile *file = qemu_file_new_input(QIO_CHANNEL(channel));

    channel->data = checkpoint.written;
    channel->capacity = checkpoint.written_bytes;
    channel->usage = checkpoint.written_bytes;
    for (uint32_t i = 0; i < checkpoint.parts->len; i++) {
        CheckpointPart *part = &g_array_index(checkpoint.parts, CheckpointPart, i);

        if (vmstate_load_state(file, part->vmsd, part->opaque, part->vmsd->version_id) ||
            qemu_get_byte(file) != CHECKPOINT_FOOTER) {
            checkpoint_fail(part->vmsd->name, "cannot be restored"); /* C3 */
        }
    }
    channel->data = NULL; /* it is ours, and closing frees it */
    qemu_fclose(file);
}

void checkpoint_keep(void)
{
    checkpoint_find_parts();
    g_array_set_size(checkpoint.timers, 0);
    checkpoint_write();
    checkpoint_take_timers(checkpoint.timers);
    checkpoint_put_timers(checkpoint.timers);
    for (uint32_t i = 0; i < checkpoint.memory_count; i++) {
        checkpoint.memories[i]->keep(checkpoint.memory_opaque[i]);
    }
    checkpoint.kept = true;
}

bool checkpoint_is_kept(void)
{
    return checkpoint.kept;
}

void checkpoint_restore(void)
{
    checkpoint.restoring = true;
    checkpoint_take_timers(NULL);
    checkpoint_read();
    checkpoint_take_timers(NULL);
    checkpoint_put_timers(checkpoint.timers); /* C2 */
    for (uint32_t i = 0; i < checkpoint.memory_count; i++) {
        checkpoint.memories[i]->restore(checkpoint.memory_opaque[i]);
    }
    first_cpu->cflags_next_tb = -1;
    checkpoint.restoring = false;
}

void checkpoint_forget(void)
{
    checkpoint.kept = false;
}

bool checkpoint_is_restoring(void)
{
    return checkpoint.restoring;
}
