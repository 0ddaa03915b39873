/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The door between the two halves of the application.
 *
 * Privileged, in handler mode: what holds secrets and moves things (keys, flash, fuses, bolt,
 * keypad, watchdog, the policies of core/). Unprivileged, in thread mode: what talks to strangers
 * (lwIP, mbedTLS, HTTP, the session). The memory protection unit keeps the second from the first;
 * the only way through is the calls below, each one supervisor call (SVC) checked before it is
 * carried out. A flaw in the network half can therefore neither read a key, nor write flash, nor
 * move the bolt: it can offer an image, which is verified like any other, and ask for a signature
 * for its handshake.
 *
 * Calls run to their end; nothing interrupts them (there are no interrupt handlers). The longest is
 * a flash erase, 45 ms. Keypad and bolt are served in every `supervisor_turn`, so the unprivileged
 * half must come back to it within half a second.
 *
 * Buffers belong to the caller. One that lies outside the caller's memory, a length out of range or
 * an unknown call is a bug or an attack: the fault handler shows APP_FAULT and the lock restarts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/image.h"
#include "vdevice/contract/provisioning.h"
#include "vdevice/firmware/base/progress.h"
#include "vdevice/firmware/base/status.h"

#define SUPERVISOR_NEVER      UINT64_MAX
#define SUPERVISOR_RANDOM_MAX 256u
#define SUPERVISOR_WRITE_MAX  1024u
#define SUPERVISOR_LOG_MAX    96u

/* How the last update ended, as reported. */
typedef enum SupervisorUpdate {
    SUPERVISOR_UPDATE_NONE = 0,
    SUPERVISOR_UPDATE_REFUSED,
    SUPERVISOR_UPDATE_STAGED,
    SUPERVISOR_UPDATE_CONFIRMED,
    SUPERVISOR_UPDATE_REVERTED,
} SupervisorUpdate;

/* What the lock is and how it is just now: all that a report says. No secrets. */
typedef struct SupervisorFacts {
    uint8_t device_id[16];
    uint8_t mac[6];
    uint8_t slot; /* 0 is A */
    bool provisioned;
    uint32_t version;         /* IMAGE_VERSION */
    uint32_t journal_state;   /* JOURNAL_..., as of now */
    uint32_t reset_cause;     /* POWER_RESET_CAUSE_... */
    uint32_t report_sequence; /* of the last report begun */
    uint32_t last_status; /* code of the last failure, STATUS_OK if there was none since the last
                             report */
    SupervisorUpdate update;
    char bolt[12]; /* as sensed: locked, unlocked, moving, jammed */
} SupervisorFacts;

/* The factory's certificates. */
typedef struct SupervisorCertificates {
    uint32_t certificate_bytes;
    uint32_t trust_bytes;
    uint8_t certificate_der[FACTORY_CERTIFICATE_BYTES_MAX];
    uint8_t trust_der[FACTORY_TRUST_BYTES_MAX];
} SupervisorCertificates;

/* Microseconds since reset. */
uint64_t supervisor_now(void);

/*
 * Serves keypad and bolt, feeds the watchdog, and sleeps until `deadline_us` or until something
 * happens; a deadline that has passed means not to sleep. Once per turn of the loop, and only when
 * everything in the loop has had its turn.
 */
void supervisor_turn(uint64_t deadline_us);

/* Random bytes, at most SUPERVISOR_RANDOM_MAX. STATUS_TR_FAULT when the source is broken. */
FALLIBLE Status supervisor_random(void *ret_bytes, size_t count);

/* P-256 for TLS: see crypto.h. `supervisor_sign` signs with the device's own key. */
FALLIBLE Status supervisor_p256_public(const uint8_t scalar[32], uint8_t ret_point[64]);
FALLIBLE Status supervisor_p256_multiply(const uint8_t scalar[32], const uint8_t point[64],
                                         uint8_t ret_point[64]);
FALLIBLE Status supervisor_p256_verify(const uint8_t point[64], const uint8_t hash[32],
                                       const uint8_t signature[64]);
FALLIBLE Status supervisor_sign(const uint8_t hash[32], uint8_t ret_signature[64]);

/* Seconds since 1970, or STATUS_NE_TIME while they are not known. */
FALLIBLE Status supervisor_time(uint64_t *ret_seconds);

/* Takes a network time. STATUS_NE_TIME if it is too far behind the last time that was kept, or
 * absurd. */
FALLIBLE Status supervisor_set_time(uint64_t seconds);

void supervisor_facts(SupervisorFacts *ret_facts);
void supervisor_certificates(SupervisorCertificates *ret_certificates);

/* The network half is up: its part of the self-test. */
void supervisor_ready(Status outcome);

/* The update, as in core/update.h. At most SUPERVISOR_WRITE_MAX bytes at a time. */
FALLIBLE Status supervisor_update_offer(const ImageHeader *header);
uint32_t supervisor_update_position(void);
FALLIBLE Status supervisor_update_write(const void *bytes, size_t count);
FALLIBLE Status supervisor_update_finish(void);
void supervisor_update_pause(void);

/* Counts the report that is about to be sent; its number is in the facts from then on. */
FALLIBLE Status supervisor_report_begin(void);

/* The service has taken the report of `facts`: keeps the time, and does not report the same outcome
 * twice. */
void supervisor_report_sent(const SupervisorFacts *facts);

/* Remembers a failure for the next report. */
void supervisor_note(Status status);

/* Nothing is connected, or something is: a reset that is due waits for it, but not for long. */
void supervisor_set_connected(bool connected);

/* One line on the UART, at most SUPERVISOR_LOG_MAX bytes. Never anything secret. */
void supervisor_log(const char *line);

void supervisor_show_progress(Progress progress);
