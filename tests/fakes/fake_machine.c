/* SPDX-License-Identifier: MIT */

#include "tests/fakes/fake_machine.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vdevice/contract/hostlink.h"
#include "vdevice/contract/memory_map.h"

#define FAKE_INSTRUCTIONS_PER_NS 8

struct FakeMachine {
    const FakeStep *steps;
    size_t count;
    int fd;
    GThread *thread;
    GArray *orders; /* of FakeOrder */

    uint8_t flash[FLASH_BYTES];
    uint8_t otp[OTP_WORDS * 4];
    uint64_t time;
    uint64_t horizon;
    uint64_t cut_at; /* NVM operation; 0: none */
    uint64_t operations;
    size_t next;
    bool powered;
    bool cut;
    bool ended;
};

static bool fake_send(FakeMachine *fake, const void *bytes, size_t count)
{
    const uint8_t *at = bytes;
    while (count > 0) {
        ssize_t sent = send(fake->fd, at, count, MSG_NOSIGNAL);
        if (sent <= 0) {
            fake->ended = true;
            return false;
        }
        at += sent;
        count -= (size_t)sent;
    }
    return true;
}

static bool fake_receive(FakeMachine *fake, void *ret_bytes, size_t count)
{
    uint8_t *at = ret_bytes;
    while (count > 0) {
        ssize_t got = recv(fake->fd, at, count, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            fake->ended = true;
            return false;
        }
        at += got;
        count -= (size_t)got;
    }
    return true;
}

static bool fake_message(FakeMachine *fake, uint32_t type, const void *body, uint32_t body_bytes)
{
    HostlinkHeader header = {
        .type = type,
        .body_bytes = body_bytes,
        .time = fake->time,
        .instructions = fake->time / FAKE_INSTRUCTIONS_PER_NS,
    };
    return fake_send(fake, &header, sizeof(header)) && fake_send(fake, body, body_bytes);
}

static uint8_t *fake_space(FakeMachine *fake, const HostlinkRange *range)
{
    return (range->space == HOSTLINK_SPACE_OTP ? fake->otp : fake->flash) + range->offset;
}

static void fake_begin(FakeMachine *fake)
{
    memset(fake->flash, 0xff, sizeof(fake->flash));
    memset(fake->otp, 0, sizeof(fake->otp));
    fake->time = 0;
    fake->next = 0;
    fake->cut_at = 0;
    fake->operations = 0;
}

static void fake_order(FakeMachine *fake, uint32_t type, const uint8_t *body)
{
    HostlinkRange range;
    HostlinkCut cut;
    memcpy(&range, body, sizeof(range));
    memcpy(&cut, body, sizeof(cut));
    if (type == HOSTLINK_BEGIN) {
        fake_begin(fake);
    } else if (type == HOSTLINK_POWER_ON) {
        fake->powered = true;
    } else if (type == HOSTLINK_CUT && cut.when == HOSTLINK_CUT_NOW) {
        fake->cut = true;
    } else if (type == HOSTLINK_CUT && cut.when == HOSTLINK_CUT_AT_NVM) {
        fake->cut_at = cut.at;
    } else if (type == HOSTLINK_WRITE) {
        memcpy(fake_space(fake, &range), body + sizeof(range), range.bytes);
    } else if (type == HOSTLINK_DAMAGE) {
        for (uint32_t i = 0; i < range.bytes; i++) {
            fake_space(fake, &range)[i] ^= body[sizeof(range) + i];
        }
    } else if (type == HOSTLINK_READ) {
        fake_message(fake, HOSTLINK_CONTENT, fake_space(fake, &range), range.bytes);
    }
}

/* Carries out one reply, up to RUN or QUIT. */
static void fake_reply(FakeMachine *fake)
{
    for (;;) {
        HostlinkHeader header;
        if (!fake_receive(fake, &header, sizeof(header))) {
            return;
        }
        /* Bodies shorter than the structs they are looked at as are followed by zeros. */
        g_autofree uint8_t *body = g_malloc0(header.body_bytes + sizeof(HostlinkBegin));
        if (!fake_receive(fake, body, header.body_bytes)) {
            return;
        }
        FakeOrder order = {.type = header.type, .time = fake->time};
        memcpy(&order.value, body, sizeof(order.value));
        g_array_append_val(fake->orders, order);
        if (header.type == HOSTLINK_QUIT) {
            fake->ended = true;
            return;
        }
        if (header.type == HOSTLINK_RUN) {
            memcpy(&fake->horizon, body, sizeof(fake->horizon));
            return;
        }
        fake_order(fake, header.type, body);
    }
}

static void fake_call(FakeMachine *fake, uint32_t type, const void *body, uint32_t body_bytes)
{
    if (fake_message(fake, type, body, body_bytes)) {
        fake_reply(fake);
    }
}

/* An operation of the script really happens, and is cut in its middle if that was ordered. */
static void fake_operate(FakeMachine *fake, const FakeStep *step)
{
    HostlinkNvmOperation nvm;
    memcpy(&nvm, step->body, sizeof(nvm));
    if (step->type == HOSTLINK_NVM_STARTED) {
        fake->operations = nvm.number;
        fake->cut = fake->cut || fake->cut_at == nvm.number;
        return;
    }
    for (size_t i = fake->next; i > 0; i--) {
        const FakeStep *started = &fake->steps[i - 1];
        const uint8_t *data = (const uint8_t *)started->body + sizeof(nvm);
        if (started->type != HOSTLINK_NVM_STARTED || memcmp(started->body, &nvm.number, 8) != 0) {
            continue;
        }
        for (uint32_t at = 0; at < nvm.bytes; at++) {
            if (nvm.kind == HOSTLINK_NVM_ERASE) {
                fake->flash[nvm.offset + at] = 0xff;
            } else if (nvm.kind == HOSTLINK_NVM_PROGRAM) {
                fake->flash[nvm.offset + at] &= data[at];
            } else {
                fake->otp[nvm.offset + at] |= data[at];
            }
        }
        return;
    }
}

static void fake_step(FakeMachine *fake)
{
    const FakeStep *step = fake->next < fake->count ? &fake->steps[fake->next] : NULL;
    if (step == NULL || step->at > fake->horizon) {
        HostlinkHorizon idle = {.idle_until = step == NULL ? HOSTLINK_NEVER : step->at};
        if (fake->horizon == HOSTLINK_NEVER) {
            fake_call(fake, HOSTLINK_SLEEP_FOREVER, NULL, 0);
            return;
        }
        fake->time = fake->horizon;
        fake_call(fake, HOSTLINK_HORIZON, &idle, sizeof(idle));
        return;
    }
    fake->next++;
    fake->time = MAX(fake->time, step->at);
    if (step->type == FAKE_RAW) {
        if (fake_send(fake, step->body, step->body_bytes)) {
            fake_reply(fake);
        }
    } else if (step->type == FAKE_HANG) {
        uint8_t byte;
        fake_receive(fake, &byte, 1);
        fake->ended = true;
    } else if (step->type == FAKE_DIE) {
        fake->ended = true;
    } else if (step->type == FAKE_ROT) {
        uint32_t offset;
        memcpy(&offset, step->body, sizeof(offset));
        fake->flash[offset] ^= 1;
    } else {
        if (step->type == HOSTLINK_NVM_STARTED || step->type == HOSTLINK_NVM_DONE) {
            fake_operate(fake, step);
        }
        fake_call(fake, step->type, step->body, step->body_bytes);
    }
}

static gpointer fake_live(gpointer user_data)
{
    FakeMachine *fake = user_data;
    HostlinkHello hello = {.version = HOSTLINK_VERSION};
    fake_call(fake, HOSTLINK_HELLO, &hello, sizeof(hello));
    while (!fake->ended) {
        if (fake->cut || !fake->powered) {
            HostlinkPowerLost lost = {.nvm_operations = fake->operations, .bolt_position = 1000};
            fake->cut = false;
            fake->powered = false;
            fake_call(fake, HOSTLINK_POWER_LOST, &lost, sizeof(lost));
        } else {
            fake_step(fake);
        }
    }
    shutdown(fake->fd, SHUT_RDWR);
    return NULL;
}

FakeMachine *fake_machine_start(const FakeStep *steps, size_t count, int *ret_fd)
{
    int ends[2];
    FakeMachine *fake = g_new0(FakeMachine, 1);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_error("socket pair: %s", g_strerror(errno));
    }
    fake->steps = steps;
    fake->count = count;
    fake->fd = ends[1];
    fake->orders = g_array_new(FALSE, FALSE, sizeof(FakeOrder));
    fake_begin(fake);
    *ret_fd = ends[0];
    fake->thread = g_thread_new("fake machine", fake_live, fake);
    return fake;
}

const GArray *fake_machine_join(FakeMachine *fake)
{
    if (fake->thread != NULL) {
        g_thread_join(fake->thread);
        fake->thread = NULL;
    }
    return fake->orders;
}

void fake_machine_free(FakeMachine *fake)
{
    if (fake == NULL) {
        return;
    }
    fake_machine_join(fake);
    close(fake->fd);
    g_array_free(fake->orders, TRUE);
    g_free(fake);
}
