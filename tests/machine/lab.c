/* SPDX-License-Identifier: MIT */
/*
 * A lab in miniature: one socket to one machine. Orders gather and leave in one write, as the real
 * lab's do, so a machine that reads them badly is met here as well.
 */
#include "tests/machine/lab.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <glib.h>

#include "tests/machine/lockstep_rom.h"
#include "vdevice/contract/memory_map.h"

#define LAB_ROM "build/tests/machine/lockstep_rom.bin"

struct Lab {
    pid_t pid;
    int fd;
    int monitor;
    pthread_t disturber;
    bool disturbed;
    GByteArray *orders;
    uint8_t body[HOSTLINK_BODY_BYTES_MAX];
    uint64_t digest;
    uint64_t calls;
    uint32_t observed;
    bool restoring;
    uint64_t saved_digest;
    uint64_t saved_calls;
};

static void lab_send(Lab *lab)
{
    size_t at = 0;

    while (at < lab->orders->len) {
        ssize_t sent = send(lab->fd, lab->orders->data + at, lab->orders->len - at, MSG_NOSIGNAL);

        if (sent <= 0) {
            fail_msg("the machine is gone: %s", strerror(errno));
        }
        at += (size_t)sent;
    }
    g_byte_array_set_size(lab->orders, 0);
}

static void lab_receive(Lab *lab, void *ret_bytes, size_t count)
{
    uint8_t *at = ret_bytes;

    while (count > 0) {
        ssize_t received = recv(lab->fd, at, count, 0);

        if (received <= 0) {
            fail_msg("the machine is %s", received == 0 ? "gone" : "silent");
        }
        at += received;
        count -= (size_t)received;
    }
}

static void lab_fold(Lab *lab, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;

    /* FNV-1a. */
    for (size_t i = 0; i < count; i++) {
        lab->digest = (lab->digest ^ at[i]) * UINT64_C(0x100000001b3);
    }
}

/* Keeps the digest, or takes it back. */
static void lab_saved(Lab *lab)
{
    if (lab->restoring) {
        lab->digest = lab->saved_digest;
        lab->calls = lab->saved_calls;
        lab->restoring = false;
    } else {
        lab->saved_digest = lab->digest;
        lab->saved_calls = lab->calls;
    }
}

LabCall lab_next(Lab *lab)
{
    HostlinkHeader header;

    lab_receive(lab, &header, sizeof(header));
    assert_true(header.body_bytes <= sizeof(lab->body));
    lab_receive(lab, lab->body, header.body_bytes);
    if (lab->restoring) {
        assert_int_equal(header.type, HOSTLINK_SAVED); /* nothing may be said before */
    }
    if (header.type == HOSTLINK_SAVED) {
        lab_saved(lab);
    } else {
        lab_fold(lab, &header, sizeof(header));
        lab_fold(lab, lab->body, header.body_bytes);
        lab->calls++;
    }
    return (LabCall){.type = header.type,
                     .bytes = header.body_bytes,
                     .time = header.time,
                     .instructions = header.instructions,
                     .body = lab->body};
}

void lab_order(Lab *lab, uint32_t type, const void *body, size_t bytes)
{
    HostlinkHeader header = {.type = type, .body_bytes = (uint32_t)bytes};

    g_byte_array_append(lab->orders, (const uint8_t *)&header, sizeof(header));
    if (bytes > 0) {
        g_byte_array_append(lab->orders, body, (guint)bytes);
    }
}

void lab_order_word(Lab *lab, uint32_t type, uint32_t value)
{
    HostlinkWord word = {.value = value};

    lab_order(lab, type, &word, sizeof(word));
}

void lab_observe(Lab *lab, uint32_t observed)
{
    lab->observed = observed;
}

void lab_begin(Lab *lab, bool keep_nvm)
{
    HostlinkBegin begin = {.trng_seed = 42,
                           .bolt_position = 1000,
                           .door_closed = 1,
                           .battery_mv = 6000,
                           .keep_nvm = keep_nvm,
                           .wall_clock_cell = 1};

    lab_order(lab, HOSTLINK_BEGIN, &begin, sizeof(begin));
    if (lab->observed) {
        lab_order_word(lab, HOSTLINK_OBSERVE, lab->observed);
    }
    lab->digest = UINT64_C(0xcbf29ce484222325);
    lab->calls = 0;
}

void lab_power_on(Lab *lab)
{
    HostlinkPowerOn power_on = {.off_duration = 0};

    lab_order(lab, HOSTLINK_POWER_ON, &power_on, sizeof(power_on));
}

void lab_cut(Lab *lab, uint32_t when, uint64_t at, uint32_t torn)
{
    HostlinkCut cut = {
        .when = when, .torn = torn, .at = at, .seed = 7, .units = 1, .decay = 1000000};

    lab_order(lab, HOSTLINK_CUT, &cut, sizeof(cut));
}

void lab_write(Lab *lab, uint32_t space, uint32_t offset, const void *bytes, size_t count)
{
    g_autofree uint8_t *body = g_malloc(sizeof(HostlinkRange) + count);
    HostlinkRange range = {.space = space, .offset = offset, .bytes = (uint32_t)count};

    memcpy(body, &range, sizeof(range));
    memcpy(body + sizeof(range), bytes, count);
    lab_order(lab, HOSTLINK_WRITE, body, sizeof(range) + count);
}

void lab_begin_trial(Lab *lab, uint32_t trial)
{
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_power_on(lab);
}

/* --- Hostile programs --------------------------------------------------------------------------
 */

static uint64_t lab_draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 16;
}

/* An address that something answers at, more or less; or any number. */
static uint32_t lab_draw_address(uint64_t *state)
{
    static const uint32_t bases[] = {ROM_BASE,           FLASH_BASE, WINDOW_BASE, SRAM_BASE,
                                     NIC_TX_BUFFER_BASE, 0xe000e000, 0xe000ed00,  0xfffffc00};
    uint32_t drawn = (uint32_t)lab_draw(state);
    uint32_t kind = drawn % 20;

    if (kind < G_N_ELEMENTS(bases)) {
        return bases[kind] + (drawn >> 8) % 4096;
    }
    if (kind < 18) {
        return FLASH_CTRL_BASE + (drawn >> 5) % 14 * PERIPHERAL_BYTES + (drawn >> 12) % 128 * 4;
    }
    return drawn;
}

/* A halfword of Thumb: mostly loads and stores, else anything. */
static uint16_t lab_draw_code(uint64_t *state)
{
    static const uint16_t forms[] = {0x6000, 0x6800, 0x5000, 0x8000, 0x7000, 0xc000, 0xb400};
    uint16_t drawn = (uint16_t)lab_draw(state);
    uint32_t kind = (uint32_t)lab_draw(state) % 10;

    return kind < G_N_ELEMENTS(forms) ? (uint16_t)(forms[kind] | (drawn & 0x07ff)) : drawn;
}

void lab_begin_hostile(Lab *lab, uint64_t seed)
{
    const uint32_t trial = LOCKSTEP_ROM_HOSTILE;
    uint16_t code[LOCKSTEP_ROM_CODE_BYTES / 2];
    uint32_t table[LOCKSTEP_ROM_TABLE_WORDS];
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < G_N_ELEMENTS(code); i++) {
        code[i] = lab_draw_code(&random);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        table[i] = lab_draw_address(&random);
    }
    lab_begin(lab, false);
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TRIAL_OFFSET, &trial, sizeof(trial));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_CODE_OFFSET, code, sizeof(code));
    lab_write(lab, HOSTLINK_SPACE_FLASH, LOCKSTEP_ROM_TABLE_OFFSET, table, sizeof(table));
    lab_power_on(lab);
}

void lab_look(Lab *lab, uint32_t space, uint32_t offset, void *ret_bytes, uint32_t count)
{
    HostlinkRange range = {.space = space, .offset = offset, .bytes = count};
    LabCall call;

    lab_order(lab, HOSTLINK_READ, &range, sizeof(range));
    lab_send(lab);
    call = lab_next(lab);
    assert_int_equal(call.type, HOSTLINK_CONTENT);
    assert_int_equal(call.bytes, count);
    memcpy(ret_bytes, call.body, count);
}

void lab_run(Lab *lab, uint64_t horizon)
{
    HostlinkRun run = {.horizon = horizon};

    lab_order(lab, HOSTLINK_RUN, &run, sizeof(run));
    lab_send(lab);
}

LabCall lab_run_until(Lab *lab, uint32_t type)
{
    for (;;) {
        LabCall call;

        lab_run(lab, HOSTLINK_NEVER);
        call = lab_next(lab);
        if (call.type == type) {
            return call;
        }
    }
}

uint32_t lab_word(const LabCall *call)
{
    HostlinkWord word;

    assert_int_equal(call->bytes, sizeof(word));
    memcpy(&word, call->body, sizeof(word));
    return word.value;
}

void lab_restore(Lab *lab)
{
    lab_order(lab, HOSTLINK_RESTORE, NULL, 0);
    lab->restoring = true;
    lab_send(lab);
}

uint64_t lab_digest(const Lab *lab)
{
    return lab->digest;
}

uint64_t lab_calls(const Lab *lab)
{
    return lab->calls;
}

static void lab_exec(LabKind kind, int link, int monitor)
{
    const char *qemu = g_getenv("QEMU") ? g_getenv("QEMU") : "build/qemu-system-arm";
    g_autofree char *fd = g_strdup_printf("lockstep-hostlink.fd=%d", link);
    g_autofree char *guard =
        g_strdup_printf("lockstep-hostlink.guard=%s", kind == LAB_UNGUARDED ? "off" : "on");
    g_autofree char *edges =
        g_strdup_printf("lockstep-hostlink.edges=%s", kind == LAB_EDGES ? "on" : "off");
    g_autofree char *chardev = g_strdup_printf("socket,id=monitor,fd=%d", monitor);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execlp(qemu, qemu, "-M", "lockstep", "-accel", "tcg", "-icount", "shift=3,sleep=off",
           "-nodefaults", "-display", "none", "-bios", LAB_ROM, "-global", fd, "-global", guard,
           "-global", edges, "-chardev", chardev, "-mon", "chardev=monitor,mode=control",
           (char *)NULL);
    _exit(127);
}

Lab *lab_open(LabKind kind)
{
    Lab *lab = g_new0(Lab, 1);
    struct timeval patience = {.tv_sec = LAB_WAIT_S};
    int link[2];
    int monitor[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, link), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, monitor), 0);
    lab->pid = fork();
    assert_true(lab->pid >= 0);
    if (lab->pid == 0) {
        close(link[0]);
        close(monitor[0]);
        lab_exec(kind, link[1], monitor[1]);
    }
    close(link[1]);
    close(monitor[1]);
    lab->fd = link[0];
    lab->monitor = monitor[0];
    lab->orders = g_byte_array_new();
    setsockopt(lab->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(lab_next(lab).type, HOSTLINK_HELLO);
    return lab;
}

static void *lab_disturber(void *opaque)
{
    static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
    /* "x" looks as a debugger does, "xp" past the processor. */
    static const char question[] =
        "{\"execute\":\"query-status\"}\n"
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":"
        "\"x/8xw 0x8000000\"}}\n"
        "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":"
        "\"xp/8xw 0x8000000\"}}\n";
    Lab *lab = opaque;
    char answer[4096];

    if (recv(lab->monitor, answer, sizeof(answer), 0) <= 0 ||
        send(lab->monitor, hello, sizeof(hello) - 1, MSG_NOSIGNAL) <= 0) {
        return NULL;
    }
    while (recv(lab->monitor, answer, sizeof(answer), 0) > 0 &&
           send(lab->monitor, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0) {
    }
    return NULL;
}

void lab_disturb(Lab *lab)
{
    assert_int_equal(pthread_create(&lab->disturber, NULL, lab_disturber, lab), 0);
    lab->disturbed = true;
}

int lab_wait_exit(Lab *lab)
{
    int status = 0;

    assert_int_equal(waitpid(lab->pid, &status, 0), lab->pid);
    if (lab->disturbed) {
        pthread_join(lab->disturber, NULL);
    }
    close(lab->fd);
    close(lab->monitor);
    g_byte_array_unref(lab->orders);
    g_free(lab);
    if (!WIFEXITED(status)) {
        fail_msg("the machine was ended by signal %d", WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

void lab_close(Lab *lab)
{
    lab_order(lab, HOSTLINK_QUIT, NULL, 0);
    lab_send(lab);
    assert_int_equal(lab_wait_exit(lab), 0);
}
