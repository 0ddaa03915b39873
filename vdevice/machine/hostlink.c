/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's end of the wire to the lab, and the one place where time, power and reset change.
 *
 * Invariants:
 *
 *  H1  With a lab, only the vCPU thread executes, runs virtual timers, moves virtual time, reads
 *      and writes the wire, resets and cycles the power. The main loop only keeps signals and gdb.
 *  H2  Power and reset change between two instructions, with every executed instruction accounted:
 *      what asks for a change only marks it, hostlink_schedule() queues the work on the vCPU, and
 *      the vCPU leaves its translated code before the next instruction.
 *  H3  While a reply is being carried out no call is sent (CONTENT apart): calls queue and follow.
 *  H4  The guest executes nothing while the power is off: hostlink_power_lost() returns powered
 *      or with a RESTORE pending.
 *  H5  After BEGIN nothing depends on what the process did before: time and instruction count start
 *      at zero, and every block is as new. Translated code may be kept, it has no state.
 *  H6  From RESTORE until it is carried out nothing is called: what still happens never was.
 *      SAVE and RESTORE happen where power and reset change (H2), with no call queued.
 *
 *             BEGIN*, WRITE*                POWER_ON
 *      off ------------------> off (new) --------------> running --RESET--> running
 *       ^                                                   |
 *       +------------- POWER_LOST (supply_lose) ------------+
 *
 *      RESTORE leads from either state to the one at the last SAVE.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/seqlock.h"
#include "qemu/sockets.h"
#include "qemu/timer.h"
#include "block/aio.h"
#include "chardev/char.h"
#include "hw/core/cpu.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "system/cpu-timers.h"
#include "system/cpu-timers-internal.h"
#include "system/cpus.h"
#include "system/qtest.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "checkpoint.h"
#include "edges.h"
#include "hostlink.h"
#include "nvm.h"
#include "reads.h"
#include "supply.h"
#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

/* The exit code of a machine whose lab broke the contract or went away. */
#define HOSTLINK_EXIT_BROKEN 3

#define HOSTLINK_LISTENERS_MAX 32
#define HOSTLINK_INPUT_BYTES   65536
#define HOSTLINK_LOG_BYTES_MAX (1u << 20)
#define HOSTLINK_ORDER_FIRST   HOSTLINK_RUN
#define HOSTLINK_ORDER_LAST    HOSTLINK_READ_FAULT
#define HOSTLINK_ORDERS        (HOSTLINK_ORDER_LAST - HOSTLINK_ORDER_FIRST + 1)
#define HOSTLINK_SPACES        (HOSTLINK_SPACE_READS + 1)

typedef struct HostlinkTaker {
    void (*take_word)(void *opaque, uint32_t value);
    void (*take)(void *opaque, const void *body, uint32_t bytes);
    void *opaque;
} HostlinkTaker;

struct HostlinkState {
    SysBusDevice parent_obj;

    int32_t fd;
    bool guard;
    bool edges;

    QEMUTimer horizon_timer;
    uint64_t horizon;
    uint32_t observed;
    uint32_t reset_cause;
    uint32_t bolt_position;
    bool greeted;       /* HELLO is done */
    bool begun;         /* there has been a BEGIN */
    bool powered;
    bool reset_pending;
    bool scheduled;     /* hostlink_settle() is queued */
    bool replying;      /* a reply is being carried out: H3 */
    bool save_pending;
    bool restore_pending; /* whatever still happens never was: H6 */

    /* Time at the last SAVE. */
    int64_t kept_icount;
    int64_t kept_bias;

    GQueue *queue;      /* of GBytes: type, then body */
    GString *log;       /* calls nobody heard */
    uint8_t *body;      /* of the order being carried out */
    uint8_t *input;
    uint32_t input_at;
    uint32_t input_bytes;
};

typedef struct HostlinkOrderForm {
    uint32_t bytes_min;
    uint32_t bytes_max;
    bool is_word;
} HostlinkOrderForm;

#define WORD {sizeof(HostlinkWord), sizeof(HostlinkWord), true}

static const HostlinkOrderForm hostlink_forms[HOSTLINK_ORDERS] = {
    [HOSTLINK_RUN - HOSTLINK_RUN] = {sizeof(HostlinkRun), sizeof(HostlinkRun)},
    [HOSTLINK_QUIT - HOSTLINK_RUN] = {0, 0},
    [HOSTLINK_BEGIN - HOSTLINK_RUN] = {sizeof(HostlinkBegin), sizeof(HostlinkBegin)},
    [HOSTLINK_POWER_ON - HOSTLINK_RUN] = {sizeof(HostlinkPowerOn), sizeof(HostlinkPowerOn)},
    [HOSTLINK_CUT - HOSTLINK_RUN] = {sizeof(HostlinkCut), sizeof(HostlinkCut)},
    [HOSTLINK_WRITE - HOSTLINK_RUN] = {sizeof(HostlinkRange), HOSTLINK_BODY_BYTES_MAX},
    [HOSTLINK_READ - HOSTLINK_RUN] = {sizeof(HostlinkRange), sizeof(HostlinkRange)},
    [HOSTLINK_FRAME - HOSTLINK_RUN] = {NIC_FRAME_BYTES_MIN, NIC_FRAME_BYTES_MAX},
    [HOSTLINK_KEY - HOSTLINK_RUN] = WORD,
    [HOSTLINK_DOOR - HOSTLINK_RUN] = WORD,
    [HOSTLINK_JAM - HOSTLINK_RUN] = WORD,
    [HOSTLINK_BATTERY - HOSTLINK_RUN] = WORD,
    [HOSTLINK_LINK - HOSTLINK_RUN] = WORD,
    [HOSTLINK_UART_BYTES - HOSTLINK_RUN] = {1, 64},
    [HOSTLINK_OBSERVE - HOSTLINK_RUN] = WORD,
    [HOSTLINK_PROBE - HOSTLINK_RUN] = {0, 0},
    [HOSTLINK_TRNG_FAULT - HOSTLINK_RUN] = WORD,
    [HOSTLINK_DAMAGE - HOSTLINK_RUN] = {sizeof(HostlinkRange), HOSTLINK_BODY_BYTES_MAX},
    [HOSTLINK_BOLT_SET - HOSTLINK_RUN] = WORD,
    [HOSTLINK_SAVE - HOSTLINK_RUN] = {0, 0},
    [HOSTLINK_RESTORE - HOSTLINK_RUN] = {0, 0},
    [HOSTLINK_STOP - HOSTLINK_RUN] = {sizeof(HostlinkStop), sizeof(HostlinkStop)},
    [HOSTLINK_WEAR - HOSTLINK_RUN] = {sizeof(HostlinkWear), sizeof(HostlinkWear)},
    [HOSTLINK_READ_FAULT - HOSTLINK_RUN] = {sizeof(HostlinkReadFault), sizeof(HostlinkReadFault)},
};

#undef WORD

/* What blocks registered before or after the device was realized. */
static struct {
    const HostlinkListener *listeners[HOSTLINK_LISTENERS_MAX];
    void *listener_opaque[HOSTLINK_LISTENERS_MAX];
    uint32_t listener_count;
    HostlinkTaker takers[HOSTLINK_ORDERS];
    const HostlinkSpace *spaces[HOSTLINK_SPACES];
    void *space_opaque[HOSTLINK_SPACES];
    HostlinkState *link;
} hostlink;

static void G_NORETURN G_GNUC_PRINTF(1, 2) hostlink_break(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_vreport(format, arguments);
    va_end(arguments);
    /* Not exit(): the other threads are alive and own what its handlers would wait for. */
    fflush(NULL);
    _exit(HOSTLINK_EXIT_BROKEN);
}

/* --- Registration -------------------------------------------------------------------------- */

void hostlink_listen(const HostlinkListener *listener, void *opaque)
{
    assert(hostlink.listener_count < HOSTLINK_LISTENERS_MAX);
    hostlink.listeners[hostlink.listener_count] = listener;
    hostlink.listener_opaque[hostlink.listener_count] = opaque;
    hostlink.listener_count++;
}

static HostlinkTaker *hostlink_taker(uint32_t type)
{
    assert(type >= HOSTLINK_ORDER_FIRST && type <= HOSTLINK_ORDER_LAST);
    return &hostlink.takers[type - HOSTLINK_ORDER_FIRST];
}

void hostlink_take_word(uint32_t type, void (*take)(void *opaque, uint32_t value), void *opaque)
{
    assert(hostlink_forms[type - HOSTLINK_ORDER_FIRST].is_word);
    *hostlink_taker(type) = (HostlinkTaker){.take_word = take, .opaque = opaque};
}

void hostlink_take(uint32_t type, void (*take)(void *opaque, const void *body, uint32_t bytes),
                   void *opaque)
{
    *hostlink_taker(type) = (HostlinkTaker){.take = take, .opaque = opaque};
}

void hostlink_add_space(uint32_t number, const HostlinkSpace *space, void *opaque)
{
    assert(number < HOSTLINK_SPACES);
    hostlink.spaces[number] = space;
    hostlink.space_opaque[number] = opaque;
}

#define HOSTLINK_NOTIFY(member, ...)                                                           \
    for (uint32_t i_ = 0; i_ < hostlink.listener_count; i_++) {                                \
        if (hostlink.listeners[i_]->member) {                                                  \
            hostlink.listeners[i_]->member(hostlink.listener_opaque[i_], ##__VA_ARGS__);       \
        }                                                                                      \
    }

/* --- The wire ------------------------------------------------------------------------------ */

static void hostlink_write(HostlinkState *link, const void *from, size_t bytes)
{
    const uint8_t *at = from;

    while (bytes) {
        ssize_t written = write(link->fd, at, bytes);

        if (written < 0 && errno == EINTR) {
            continue; /* the vCPU's kick signal */
        }
        if (written <= 0) {
            hostlink_break("hostlink: the lab is gone (%s)", strerror(errno));
        }
        at += written;
        bytes -= written;
    }
}

static size_t hostlink_receive(HostlinkState *link, void *ret_bytes, size_t bytes)
{
    for (;;) {
        ssize_t received = read(link->fd, ret_bytes, bytes);

        if (received > 0) {
            return received;
        }
        if (received == 0 || errno != EINTR) {
            hostlink_break("hostlink: the lab is gone (%s)",
                           received ? strerror(errno) : "end of stream");
        }
    }
}

static void hostlink_read(HostlinkState *link, void *ret_bytes, size_t bytes)
{
    uint8_t *at = ret_bytes;

    while (bytes) {
        size_t part;

        if (link->input_at == link->input_bytes) {
            if (bytes >= HOSTLINK_INPUT_BYTES) {
                part = hostlink_receive(link, at, bytes);
                at += part;
                bytes -= part;
                continue;
            }
            link->input_at = 0;
            link->input_bytes = hostlink_receive(link, link->input, HOSTLINK_INPUT_BYTES);
        }
        part = MIN(bytes, link->input_bytes - link->input_at);
        memcpy(at, link->input + link->input_at, part);
        link->input_at += part;
        at += part;
        bytes -= part;
    }
}

static uint64_t hostlink_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void hostlink_send(HostlinkState *link, uint32_t type, const void *body, uint32_t bytes)
{
    uint8_t small[4096];
    HostlinkHeader header = {
        .type = cpu_to_le32(type),
        .body_bytes = cpu_to_le32(bytes),
        .time = cpu_to_le64(hostlink_now()),
        .instructions = cpu_to_le64(supply_instructions()),
    };

    if (sizeof(header) + bytes <= sizeof(small)) {
        memcpy(small, &header, sizeof(header));
        if (bytes) {
            memcpy(small + sizeof(header), body, bytes);
        }
        hostlink_write(link, small, sizeof(header) + bytes);
    } else {
        hostlink_write(link, &header, sizeof(header));
        hostlink_write(link, body, bytes);
    }
}

/* Without a lab: keeps what would have been said. */
static void hostlink_remember(HostlinkState *link, uint32_t type, const uint8_t *body,
                              uint32_t bytes)
{
    if (link->log->len > HOSTLINK_LOG_BYTES_MAX) {
        return;
    }
    g_string_append_printf(link->log, "%u %" PRIu64 " ", type, hostlink_now());
    for (uint32_t i = 0; i < bytes; i++) {
        g_string_append_printf(link->log, "%02x", body[i]);
    }
    g_string_append_c(link->log, '\n');
}

/* --- Orders -------------------------------------------------------------------------------- */

/* Time is what the instructions make it, plus a bias for the time that was idle. */
static void hostlink_time_set(int64_t icount, int64_t bias)
{
    if (icount_enabled()) {
        seqlock_write_lock(&timers_state.vm_clock_seqlock, &timers_state.vm_clock_lock);
        qatomic_set_i64(&timers_state.qemu_icount, icount);
        qatomic_set_i64(&timers_state.qemu_icount_bias, bias);
        seqlock_write_unlock(&timers_state.vm_clock_seqlock, &timers_state.vm_clock_lock);
    } else if (qtest_enabled()) {
        cpus_set_virtual_clock(bias);
    }
}

static void hostlink_time_keep(HostlinkState *link)
{
    if (icount_enabled()) {
        link->kept_icount = qatomic_read_i64(&timers_state.qemu_icount);
        link->kept_bias = qatomic_read_i64(&timers_state.qemu_icount_bias);
    } else {
        link->kept_bias = hostlink_now();
    }
}

static void hostlink_begin(HostlinkState *link, const uint8_t *body)
{
    HostlinkBegin begin;

    memcpy(&begin, body, sizeof(begin));
    begin.trng_seed = le64_to_cpu(begin.trng_seed);
    begin.bolt_position = le32_to_cpu(begin.bolt_position);
    begin.door_closed = le32_to_cpu(begin.door_closed);
    begin.battery_mv = le32_to_cpu(begin.battery_mv);
    begin.keep_nvm = le32_to_cpu(begin.keep_nvm);
    begin.wall_clock_cell = le32_to_cpu(begin.wall_clock_cell);
    begin.rtc_seconds = le64_to_cpu(begin.rtc_seconds);

    checkpoint_forget();
    timer_del(&link->horizon_timer);
    link->horizon = HOSTLINK_NEVER;
    link->observed = HOSTLINK_OBSERVE_PROGRESS;
    link->begun = true;
    hostlink_time_set(0, 0); /* H5 */
    supply_begin();
    HOSTLINK_NOTIFY(begin, &begin);
}

static void hostlink_power_on(HostlinkState *link, const uint8_t *body)
{
    link->powered = true;
    link->reset_pending = false;
    link->reset_cause = POWER_RESET_CAUSE_POWER_ON;
    qemu_devices_reset(RESET_TYPE_COLD);
    HOSTLINK_NOTIFY(power_on, ldq_le_p(body));
}

static void hostlink_cut(const uint8_t *body)
{
    HostlinkCut cut;

    memcpy(&cut, body, sizeof(cut));
    cut.when = le32_to_cpu(cut.when);
    cut.torn = le32_to_cpu(cut.torn);
    cut.at = le64_to_cpu(cut.at);
    cut.seed = le64_to_cpu(cut.seed);
    cut.units = le32_to_cpu(cut.units);
    cut.decay = le64_to_cpu(cut.decay);
    supply_cut(&cut);
}

static const char *hostlink_observe(HostlinkState *link, uint32_t observed)
{
    const uint32_t reads = HOSTLINK_OBSERVE_READS | HOSTLINK_OBSERVE_REREADS;

    if (link->powered && ((observed ^ link->observed) & reads)) {
        return "OBSERVE_READS or OBSERVE_REREADS changes with the power on";
    }
    if ((observed & reads) == HOSTLINK_OBSERVE_REREADS) {
        return "OBSERVE_REREADS without OBSERVE_READS";
    }
    link->observed = observed;
    return NULL;
}

static const char *hostlink_read_fault(HostlinkState *link, const uint8_t *body)
{
    HostlinkReadFault fault;

    memcpy(&fault, body, sizeof(fault));
    fault.at = le64_to_cpu(fault.at);
    fault.seed = le64_to_cpu(fault.seed);
    fault.kind = le32_to_cpu(fault.kind);
    if (!(link->observed & HOSTLINK_OBSERVE_READS)) {
        return "READ_FAULT without OBSERVE_READS";
    }
    if (fault.at && (fault.kind < HOSTLINK_READ_ZEROS || fault.kind > HOSTLINK_READ_BIT)) {
        return "READ_FAULT of no known kind";
    }
    reads_fault(&fault);
    return NULL;
}

/* Returns a complaint, or NULL. */
static const char *hostlink_range(HostlinkState *link, uint32_t type, const uint8_t *body,
                                  uint32_t body_bytes)
{
    uint32_t number = ldl_le_p(body + offsetof(HostlinkRange, space));
    uint32_t offset = ldl_le_p(body + offsetof(HostlinkRange, offset));
    uint32_t bytes = ldl_le_p(body + offsetof(HostlinkRange, bytes));
    const HostlinkSpace *space = number < HOSTLINK_SPACES ? hostlink.spaces[number] : NULL;
    void *opaque = space ? hostlink.space_opaque[number] : NULL;
    const uint8_t *from = body + sizeof(HostlinkRange);

    if (!space) {
        return "no such space";
    }
    if (bytes > space->bytes || offset > space->bytes - bytes) {
        return "range outside its space";
    }
    if (type == HOSTLINK_READ) {
        g_autofree uint8_t *content = g_malloc(bytes + 1);

        space->read(opaque, offset, content, bytes);
        if (link->fd >= 0) {
            hostlink_send(link, HOSTLINK_CONTENT, content, bytes);
        } else {
            hostlink_remember(link, HOSTLINK_CONTENT, content, bytes);
        }
        return NULL;
    }
    if (body_bytes != sizeof(HostlinkRange) + bytes) {
        return "length of the body is not that of the range";
    }
    if (type == HOSTLINK_WRITE) {
        if (link->powered || !space->write) {
            return "this space cannot be written now";
        }
        space->write(opaque, offset, from, bytes);
        return NULL;
    }
    if (!space->damage) {
        return "this space cannot be damaged";
    }
    space->damage(opaque, offset, from, bytes);
    return NULL;
}

static void hostlink_order_to_block(uint32_t type, const uint8_t *body, uint32_t bytes)
{
    const HostlinkTaker *taker = hostlink_taker(type);

    if (taker->take_word) {
        taker->take_word(taker->opaque, ldl_le_p(body));
    } else if (taker->take) {
        taker->take(taker->opaque, body, bytes);
    }
}

static const char *hostlink_save(HostlinkState *link)
{
    if (!link->powered) {
        return "SAVE with the power off";
    }
    link->save_pending = true;
    hostlink_schedule();
    return NULL;
}

static const char *hostlink_restore(HostlinkState *link)
{
    if (!checkpoint_is_kept()) {
        return "RESTORE of nothing";
    }
    link->restore_pending = true;
    hostlink_schedule();
    return NULL;
}

/* Carries out one order other than RUN and QUIT. Returns a complaint, or NULL. */
static const char *hostlink_order(HostlinkState *link, uint32_t type, const uint8_t *body,
                                  uint32_t bytes)
{
    switch (type) {
    case HOSTLINK_BEGIN:
        if (link->powered) {
            return "BEGIN with the power on";
        }
        hostlink_begin(link, body);
        return NULL;
    case HOSTLINK_POWER_ON:
        if (link->powered || !link->begun) {
            return "POWER_ON with the power on or before BEGIN";
        }
        hostlink_power_on(link, body);
        return NULL;
    case HOSTLINK_CUT:
        if (ldl_le_p(body + offsetof(HostlinkCut, when)) > HOSTLINK_CUT_AT_NVM ||
            ldl_le_p(body + offsetof(HostlinkCut, torn)) > HOSTLINK_TORN_COMPLETE) {
            return "CUT of no known kind";
        }
        hostlink_cut(body);
        return NULL;
    case HOSTLINK_STOP:
        if (!qemu_chr_find("gdb")) {
            return "STOP without a debugger to let it go on";
        }
        supply_stop(ldq_le_p(body));
        return NULL;
    case HOSTLINK_OBSERVE:
        return hostlink_observe(link, ldl_le_p(body));
    case HOSTLINK_READ_FAULT:
        return hostlink_read_fault(link, body);
    case HOSTLINK_WRITE:
    case HOSTLINK_READ:
    case HOSTLINK_DAMAGE:
        return hostlink_range(link, type, body, bytes);
    case HOSTLINK_SAVE:
        return hostlink_save(link);
    case HOSTLINK_RESTORE:
        return hostlink_restore(link);
    default:
        hostlink_order_to_block(type, body, bytes);
        return NULL;
    }
}

static const char *hostlink_check(uint32_t type, uint32_t bytes)
{
    const HostlinkOrderForm *form;

    if (type < HOSTLINK_ORDER_FIRST || type > HOSTLINK_ORDER_LAST) {
        return "no such order";
    }
    form = &hostlink_forms[type - HOSTLINK_ORDER_FIRST];
    if (bytes < form->bytes_min || bytes > form->bytes_max) {
        return "order of the wrong length";
    }
    return NULL;
}

static void hostlink_run(HostlinkState *link, uint64_t horizon)
{
    if (!link->powered) {
        hostlink_break("hostlink: RUN with the power off");
    }
    if (horizon > INT64_MAX) {
        horizon = HOSTLINK_NEVER;
        timer_del(&link->horizon_timer);
    } else if (horizon != link->horizon || !timer_pending(&link->horizon_timer)) {
        timer_mod_ns(&link->horizon_timer, horizon);
    }
    link->horizon = horizon;
}

static void hostlink_carry_out(HostlinkState *link)
{
    for (;;) {
        HostlinkHeader header;
        const char *complaint;
        uint32_t type;
        uint32_t bytes;

        hostlink_read(link, &header, sizeof(header));
        type = le32_to_cpu(header.type);
        bytes = le32_to_cpu(header.body_bytes);
        complaint = hostlink_check(type, bytes);
        if (!complaint) {
            hostlink_read(link, link->body, bytes);
            if (type == HOSTLINK_RUN) {
                hostlink_run(link, ldq_le_p(link->body));
                return;
            }
            if (type == HOSTLINK_QUIT) {
                fflush(NULL);
                _exit(EXIT_SUCCESS);
            }
            complaint = hostlink_order(link, type, link->body, bytes);
            if (type == HOSTLINK_RESTORE && !complaint) {
                return;
            }
        }
        if (complaint) {
            hostlink_break("hostlink: order %u, %u bytes: %s", type, bytes, complaint);
        }
    }
}

/* --- Calls --------------------------------------------------------------------------------- */

static void hostlink_converse(HostlinkState *link, uint32_t type, const void *body, uint32_t bytes)
{
    if (link->fd < 0) {
        hostlink_remember(link, type, body, bytes);
        return;
    }
    link->replying = true;
    hostlink_send(link, type, body, bytes);
    hostlink_carry_out(link);
    link->replying = false;
}

/* Sends what queued up, and what queues up meanwhile. */
static void hostlink_drain(HostlinkState *link)
{
    while (!g_queue_is_empty(link->queue)) {
        g_autoptr(GBytes) next = g_queue_pop_head(link->queue);
        gsize size;
        const uint8_t *call = g_bytes_get_data(next, &size);
        uint32_t type;

        if (link->restore_pending) {
            continue; /* H6 */
        }
        memcpy(&type, call, sizeof(type));
        hostlink_converse(link, type, call + sizeof(type), size - sizeof(type));
    }
}

void hostlink_call(uint32_t type, const void *body, uint32_t bytes)
{
    HostlinkState *link = hostlink.link;

    if (!link->greeted || link->restore_pending) {
        return; /* QEMU's own first reset, with the power off; or H6 */
    }
    if (link->replying) {
        uint8_t *call = g_malloc(sizeof(type) + bytes);

        memcpy(call, &type, sizeof(type));
        if (bytes) {
            memcpy(call + sizeof(type), body, bytes);
        }
        g_queue_push_tail(link->queue, g_bytes_new_take(call, sizeof(type) + bytes));
        return;
    }
    hostlink_converse(link, type, body, bytes);
    hostlink_drain(link);
}

void hostlink_call_word(uint32_t type, uint32_t value)
{
    HostlinkWord word = {.value = cpu_to_le32(value)};

    hostlink_call(type, &word, sizeof(word));
}

bool hostlink_observes(uint32_t bit)
{
    return hostlink.link->observed & bit;
}

bool hostlink_is_powered(void)
{
    return hostlink.link->powered;
}

uint32_t hostlink_reset_cause(void)
{
    return hostlink.link->reset_cause;
}

void hostlink_bolt_stands(uint32_t position)
{
    hostlink.link->bolt_position = position;
}

/* --- Power and reset ----------------------------------------------------------------------- */

static void hostlink_power_lost(HostlinkState *link)
{
    HostlinkPowerLost lost = {0};

    HOSTLINK_NOTIFY(quiet);
    if (link->restore_pending) {
        return;
    }
    supply_lost();
    link->reset_pending = false;
    link->save_pending = false; /* there is nothing to save any more */
    timer_del(&link->horizon_timer);
    link->horizon = HOSTLINK_NEVER;
    HOSTLINK_NOTIFY(power_off);
    link->powered = false;

    nvm_report(&lost);
    lost.bolt_position = cpu_to_le32(link->bolt_position);
    hostlink_call(HOSTLINK_POWER_LOST, &lost, sizeof(lost));
}

static void hostlink_reset_now(HostlinkState *link)
{
    HOSTLINK_NOTIFY(quiet);
    if (supply_is_lost() || link->restore_pending) {
        return; /* the lab's answer to the last words */
    }
    link->reset_pending = false;
    /* What blocks say while they are reset waits until all are: orders find a whole device. */
    link->replying = true;
    qemu_devices_reset(RESET_TYPE_COLD);
    hostlink_call_word(HOSTLINK_RESET, link->reset_cause);
    link->replying = false;
    hostlink_drain(link);
}

static void hostlink_save_now(HostlinkState *link)
{
    link->save_pending = false;
    hostlink_time_keep(link);
    checkpoint_keep();
    hostlink_call(HOSTLINK_SAVED, NULL, 0);
}

static void hostlink_restore_now(HostlinkState *link)
{
    hostlink_time_set(link->kept_icount, link->kept_bias);
    checkpoint_restore();
    link->save_pending = false;
    link->restore_pending = false;
    hostlink_call(HOSTLINK_SAVED, NULL, 0);
}

static void hostlink_settle(HostlinkState *link)
{
    link->scheduled = false;
    if (!link->greeted) {
        HostlinkHello hello = {.version = cpu_to_le32(HOSTLINK_VERSION)};

        link->greeted = true;
        hostlink_call(HOSTLINK_HELLO, &hello, sizeof(hello));
    }
    for (;;) {
        if (link->restore_pending) {
            hostlink_restore_now(link);
        } else if (supply_is_lost()) {
            hostlink_power_lost(link); /* H4 */
        } else if (link->reset_pending) {
            hostlink_reset_now(link);
        } else if (link->save_pending) {
            hostlink_save_now(link);
        } else {
            return;
        }
    }
}

static void hostlink_settle_on_cpu(CPUState *cpu, run_on_cpu_data data)
{
    hostlink_settle(data.host_ptr);
}

static void hostlink_settle_in_main_loop(void *opaque)
{
    hostlink_settle(opaque);
}

void hostlink_schedule(void)
{
    HostlinkState *link = hostlink.link;

    if (link->scheduled) {
        return;
    }
    link->scheduled = true;
    if (qtest_enabled()) {
        aio_bh_schedule_oneshot(qemu_get_aio_context(), hostlink_settle_in_main_loop, link);
    } else {
        async_run_on_cpu(first_cpu, hostlink_settle_on_cpu, RUN_ON_CPU_HOST_PTR(link));
    }
}

void hostlink_reset(uint32_t cause)
{
    HostlinkState *link = hostlink.link;

    if (!link->powered || link->reset_pending) {
        return;
    }
    link->reset_pending = true;
    link->reset_cause = cause;
    hostlink_schedule();
}

void hostlink_lock_up(void)
{
    hostlink_reset(POWER_RESET_CAUSE_LOCKUP);
}

/* --- Time ---------------------------------------------------------------------------------- */

static void hostlink_horizon(void *opaque)
{
    HostlinkState *link = opaque;
    HostlinkHorizon body = {.idle_until = hostlink_now()};

    /* A SAVE that waits changes nothing: a reset or a loss of power does. */
    if (first_cpu->halted && !cpu_has_work(first_cpu) && !supply_is_lost() &&
        !link->reset_pending) {
        /* The horizon's own timer has just been taken off the list. */
        int64_t deadline = qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL, QEMU_TIMER_ATTR_ALL);

        body.idle_until = deadline < 0 ? HOSTLINK_NEVER : body.idle_until + deadline;
    }
    body.idle_until = cpu_to_le64(body.idle_until);
    hostlink_call(HOSTLINK_HORIZON, &body, sizeof(body));
}

bool hostlink_drives_time(void)
{
    return hostlink.link && hostlink.link->fd >= 0 && hostlink.link->guard && icount_enabled();
}

static void hostlink_time_advance(int64_t by)
{
    seqlock_write_lock(&timers_state.vm_clock_seqlock, &timers_state.vm_clock_lock);
    qatomic_set_i64(&timers_state.qemu_icount_bias,
                    qatomic_read_i64(&timers_state.qemu_icount_bias) + by);
    seqlock_write_unlock(&timers_state.vm_clock_seqlock, &timers_state.vm_clock_lock);
}

void hostlink_idle(void)
{
    CPUState *cpu = first_cpu;

    while (runstate_is_running() && !cpu->stop && !cpu_is_stopped(cpu) && cpu->halted &&
           !cpu_has_work(cpu) && cpu_work_list_empty(cpu)) {
        int64_t deadline;

        if (supply_stop_is_due()) {
            cpu_handle_guest_debug(cpu);
            return;
        }
        if (supply_instructions_left() <= 0) {
            supply_lose();
            return;
        }
        HOSTLINK_NOTIFY(quiet);
        if (cpu_has_work(cpu) || !cpu_work_list_empty(cpu)) {
            return;
        }
        deadline = qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL, QEMU_TIMER_ATTR_ALL);
        if (deadline < 0) {
            hostlink_call(HOSTLINK_SLEEP_FOREVER, NULL, 0);
            continue;
        }
        if (deadline > 0) {
            hostlink_time_advance(deadline);
        }
        qemu_clock_run_timers(QEMU_CLOCK_VIRTUAL);

        /* Lets signals, gdb and a stop of the machine in. */
        bql_unlock();
        bql_lock();
    }
}

/* --- The device ---------------------------------------------------------------------------- */

static void hostlink_machine_runs(void *opaque, bool running, RunState state)
{
    HostlinkState *link = opaque;

    if (running && !link->greeted) {
        hostlink_schedule();
    }
}

static char *hostlink_get_calls(Object *obj, Error **errp)
{
    HostlinkState *link = LOCKSTEP_HOSTLINK(obj);
    char *calls = g_strdup(link->log->str);

    g_string_truncate(link->log, 0);
    return calls;
}

static void hostlink_set_order(Object *obj, const char *value, Error **errp)
{
    HostlinkState *link = LOCKSTEP_HOSTLINK(obj);
    const char *complaint;
    const char *hex;
    unsigned int type;
    uint32_t bytes = 0;

    if (link->fd >= 0) {
        error_setg(errp, "orders come from the lab");
        return;
    }
    if (qemu_strtoui(value, &hex, 10, &type) < 0) {
        error_setg(errp, "an order is a type and the hexadecimal bytes of a body");
        return;
    }
    while (*hex) {
        int high;
        int low;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        high = g_ascii_xdigit_value(hex[0]);
        low = high < 0 ? -1 : g_ascii_xdigit_value(hex[1]);
        if (low < 0 || bytes == HOSTLINK_BODY_BYTES_MAX) {
            error_setg(errp, "an order is a type and the hexadecimal bytes of a body");
            return;
        }
        link->body[bytes++] = high << 4 | low;
        hex += 2;
    }
    complaint = hostlink_check(type, bytes);
    /* RESTORE may come this way: a test on the bench has no reply to close. */
    if (!complaint && (type == HOSTLINK_RUN || type == HOSTLINK_QUIT)) {
        complaint = "only a lab closes a reply";
    }
    if (!complaint) {
        complaint = hostlink_order(link, type, link->body, bytes);
    }
    if (complaint) {
        error_setg(errp, "order %u, %u bytes: %s", type, bytes, complaint);
    }
}

static void hostlink_realize(DeviceState *dev, Error **errp)
{
    HostlinkState *link = LOCKSTEP_HOSTLINK(dev);

    if (hostlink.link) {
        error_setg(errp, "there is one hostlink");
        return;
    }
    if (link->fd >= 0) {
        if (!qtest_enabled() &&
            (icount_enabled() != ICOUNT_PRECISE ||
             timers_state.icount_time_shift != CPU_ICOUNT_SHIFT ||
             timers_state.icount_warp_timer)) {
            error_setg(errp, "a lab needs -icount shift=%d,sleep=off", CPU_ICOUNT_SHIFT);
            return;
        }
        if (fcntl(link->fd, F_GETFD) < 0) {
            error_setg(errp, "fd %d is not open", link->fd);
            return;
        }
        qemu_socket_set_block(link->fd);
    }
    hostlink.link = link;
    link->queue = g_queue_new();
    link->log = g_string_new(NULL);
    link->body = g_malloc(HOSTLINK_BODY_BYTES_MAX);
    link->input = g_malloc(HOSTLINK_INPUT_BYTES);
    link->horizon = HOSTLINK_NEVER;
    link->observed = HOSTLINK_OBSERVE_PROGRESS;
    link->reset_cause = POWER_RESET_CAUSE_POWER_ON;
    timer_init_ns(&link->horizon_timer, QEMU_CLOCK_VIRTUAL, hostlink_horizon, link);
    supply_init();
    reads_init();
    edges_init(link->edges);
    if (link->fd >= 0) {
        qemu_add_vm_change_state_handler(hostlink_machine_runs, link);
    } else {
        link->greeted = true;
        link->begun = true;
        link->powered = true;
        link->observed |= HOSTLINK_OBSERVE_NVM;
    }
}

static const VMStateDescription hostlink_vmstate = {
    .name = TYPE_LOCKSTEP_HOSTLINK,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){
        VMSTATE_TIMER(horizon_timer, HostlinkState),
        VMSTATE_UINT64(horizon, HostlinkState),
        VMSTATE_UINT32(observed, HostlinkState),
        VMSTATE_UINT32(reset_cause, HostlinkState),
        VMSTATE_UINT32(bolt_position, HostlinkState),
        VMSTATE_BOOL(begun, HostlinkState),
        VMSTATE_BOOL(powered, HostlinkState),
        VMSTATE_BOOL(reset_pending, HostlinkState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property hostlink_properties[] = {
    DEFINE_PROP_INT32("fd", HostlinkState, fd, -1),
    DEFINE_PROP_BOOL("guard", HostlinkState, guard, true),
    DEFINE_PROP_BOOL("edges", HostlinkState, edges, false),
};

static void hostlink_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = hostlink_realize;
    dc->vmsd = &hostlink_vmstate;
    dc->user_creatable = false;
    device_class_set_props(dc, hostlink_properties);
    object_class_property_add_str(klass, "calls", hostlink_get_calls, NULL);
    object_class_property_add_str(klass, "order", NULL, hostlink_set_order);
}

static const TypeInfo hostlink_info = {
    .name = TYPE_LOCKSTEP_HOSTLINK,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(HostlinkState),
    .class_init = hostlink_class_init,
};

static void hostlink_register_types(void)
{
    type_register_static(&hostlink_info);
}

type_init(hostlink_register_types)
