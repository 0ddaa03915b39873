/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supply rail: when the power is lost, exactly.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "chardev/char.h"
#include "hw/core/cpu.h"
#include "migration/vmstate.h"
#include "system/cpu-timers.h"
#include "checkpoint.h"
#include "hostlink.h"
#include "nvm.h"
#include "supply.h"

typedef struct Supply {
    HostlinkCut cut; /* armed; `when` is HOSTLINK_CUT_DISARM if none */
    HostlinkCut torn; /* the cut in force at the loss */
    QEMUTimer *timer;
    bool lost;
    uint64_t stop; /* for the debugger; HOSTLINK_NEVER if none */
} Supply;

static Supply supply = {.stop = HOSTLINK_NEVER};

static const VMStateDescription supply_vmstate = {
    .name = "lockstep-supply",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_UINT32(cut.when, Supply),
        VMSTATE_UINT32(cut.torn, Supply),
        VMSTATE_UINT64(cut.at, Supply),
        VMSTATE_UINT64(cut.seed, Supply),
        VMSTATE_UINT32(cut.units, Supply),
        VMSTATE_UINT64(cut.decay, Supply),
        VMSTATE_TIMER_PTR(timer, Supply),
        VMSTATE_BOOL(lost, Supply),
        VMSTATE_UINT64(stop, Supply),
        VMSTATE_END_OF_LIST()
    }
};

static void supply_timer(void *opaque)
{
    supply_lose();
}

void supply_init(void)
{
    supply.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, supply_timer, NULL);
    checkpoint_add(&supply_vmstate, &supply);
}

void supply_begin(void)
{
    timer_del(supply.timer);
    memset(&supply.cut, 0, sizeof(supply.cut));
    supply.lost = false;
    supply.stop = HOSTLINK_NEVER;
}

int64_t supply_instructions(void)
{
    return icount_enabled() ? icount_get_raw() : 0;
}

int64_t supply_instructions_left(void)
{
    if (supply.cut.when != HOSTLINK_CUT_AT_INSTRUCTION || !hostlink_is_powered()) {
        return INT64_MAX;
    }
    return MIN(supply.cut.at, INT64_MAX) - supply_instructions();
}

void supply_stop(uint64_t at)
{
    supply.stop = at;
    if (first_cpu) {
        qemu_cpu_kick(first_cpu); /* as for a cut */
    }
}

int64_t supply_stop_left(void)
{
    if (supply.stop == HOSTLINK_NEVER || !hostlink_is_powered()) {
        return INT64_MAX;
    }
    return MIN(supply.stop, INT64_MAX) - supply_instructions();
}

bool supply_stop_is_due(void)
{
    Chardev *debugger;

    if (supply_stop_left() > 0) {
        return false;
    }
    supply.stop = HOSTLINK_NEVER;
    debugger = qemu_chr_find("gdb");
    return debugger && debugger->be_open; /* or nobody would ever let it go on */
}

static void supply_lose_at(int64_t time)
{
    if (time <= qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        supply_lose();
    } else {
        timer_mod_ns(supply.timer, time);
    }
}

void supply_cut(const HostlinkCut *cut)
{
    int64_t end;

    timer_del(supply.timer);
    supply.cut = *cut;
    switch (cut->when) {
    case HOSTLINK_CUT_NOW:
        supply_lose();
        break;
    case HOSTLINK_CUT_AT_TIME:
        if (cut->at < INT64_MAX) {
            supply_lose_at(cut->at);
        }
        break;
    case HOSTLINK_CUT_AT_INSTRUCTION:
        /* The slice in progress was sized without it; the next one is sized with it. */
        if (first_cpu) {
            qemu_cpu_kick(first_cpu);
        }
        break;
    case HOSTLINK_CUT_AT_NVM:
        end = nvm_end_of(cut->at);
        if (end) {
            supply_nvm_started(cut->at, end);
        }
        break;
    default:
        break;
    }
}

void supply_lose(void)
{
    if (hostlink_is_powered() && !supply.lost) {
        timer_del(supply.timer);
        supply.lost = true;
        hostlink_schedule();
    }
}

bool supply_is_lost(void)
{
    return supply.lost;
}

void supply_lost(void)
{
    timer_del(supply.timer);
    supply.torn = supply.cut;
    memset(&supply.cut, 0, sizeof(supply.cut));
    supply.lost = false;
}

const HostlinkCut *supply_torn(void)
{
    return &supply.torn;
}

void supply_nvm_started(uint64_t number, int64_t end)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (supply.cut.when != HOSTLINK_CUT_AT_NVM || supply.cut.at != number) {
        return;
    }
    switch (supply.cut.torn) {
    case HOSTLINK_TORN_NOTHING:
        supply_lose();
        break;
    case HOSTLINK_TORN_COMPLETE:
        break; /* supply_nvm_done() */
    default:
        supply_lose_at(now + (end - now) / 2);
        break;
    }
}

void supply_nvm_done(uint64_t number)
{
    if (supply.cut.when == HOSTLINK_CUT_AT_NVM && supply.cut.at == number) {
        supply_lose();
    }
}
