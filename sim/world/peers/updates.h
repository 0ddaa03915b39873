/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The update service: the cloud API (vdevice/contract/cloud_api.h) over TLS, good or bad as told.
 *
 * It offers one release at a time, whole (`updates_offer`), or the header of one with the payload
 * of another (`updates_replay_manifest`). Beside what is offered stand a *behaviour*, which spoils
 * replies in one way until told otherwise or so many times, *mutations*, which spoil the next so
 * many replies in ever new ways, and the certificate it shows. Each is counted on its own tally.
 *
 * It sees each connection as a stream of the gateway and serves any number at once. A session in
 * which nothing has moved for UPDATES_IDLE_NS is reset, as busy services do.
 *
 * Events: `tls.handshake` (from peers/tls), `http.request`, `http.response`, `update.offered`,
 * `download.started`, `download.finished`, `report.received`, `server.fault`. A download is
 * complete when the device, having been sent everything, asked for more or closed in order.
 *
 * Making one fails when keys are missing. Afterwards nothing fails.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "sim/world/gateway.h"
#include "sim/world/peers/tls.h"
#include "sim/world/tally.h"

typedef struct Updates Updates;

#define UPDATES_IDLE_NS  (60 * VTIME_S)
#define UPDATES_STALL_NS (600 * VTIME_S) /* how long it keeps a session that it stalls itself */
#define UPDATES_BREAK_NS (2 * VTIME_S)   /* between the last byte before a reset, and the reset */

/* A device that asks on and on without reading is cut off when so much waits for it. */
#define UPDATES_WAITING_MAX (8u << 20)

/* What UPDATES_MODE_LONGER adds. */
#define UPDATES_MORE_BYTES (64u << 10)

typedef enum UpdatesMode {
    UPDATES_MODE_NORMAL,
    UPDATES_MODE_STALL,      /* after so many bytes of a body nothing more comes */
    UPDATES_MODE_RESET,      /* after so many bytes of a body the connection is reset */
    UPDATES_MODE_TRUNCATE,   /* after so many bytes of a body the session ends, in order */
    UPDATES_MODE_LIE_LENGTH, /* twice the length is announced, and one byte more */
    UPDATES_MODE_STATUS,     /* a status, and no body */
    UPDATES_MODE_LONGER,     /* so many bytes more are announced and sent */
    UPDATES_MODES
} UpdatesMode;

/* Which requests a behaviour is for. */
typedef enum UpdatesPath {
    UPDATES_PATH_ANY,
    UPDATES_PATH_MANIFEST,
    UPDATES_PATH_IMAGE,
    UPDATES_PATH_REPORT,
    UPDATES_PATHS
} UpdatesPath;

typedef struct UpdatesBehaviour {
    UpdatesMode mode;
    UpdatesPath path;
    uint64_t after_bytes;
    unsigned status;
    unsigned times; /* 0: until told otherwise */
} UpdatesBehaviour;

/* What is mutated; the words of the verb mutate_offers, in its order. */
typedef enum UpdatesMutation {
    UPDATES_MUTATION_HEADER,     /* manifests */
    UPDATES_MUTATION_PAYLOAD,    /* payloads */
    UPDATES_MUTATION_REPLY_HEAD, /* the head of any reply */
    UPDATES_MUTATION_REPLY_BODY, /* the body of any reply */
    UPDATES_MUTATIONS
} UpdatesMutation;

bool updates_mode_of(const char *name, UpdatesMode *ret_mode);
bool updates_path_of(const char *name, UpdatesPath *ret_path);
bool updates_mutation_of(const char *name, UpdatesMutation *ret_mutation);

/* Who is at a home address: the source of the events about its sessions. A static text. */
typedef const char *(*UpdatesWhoIs)(uint32_t address, void *user_data);

Updates *updates_new(const TlsSettings *settings, Queue *queue, const Prng *root,
                     UpdatesWhoIs who_is, void *user_data, GError **error);

/* The gateway, and with it every stream, must be gone by then. */
void updates_free(Updates *updates);

/* What the gateway calls; the user pointer is the Updates. */
extern const GatewayService UPDATES_SERVICE;

/* Offers `image` (an ImageHeader and its payload), called `name`, from now on; NULL for nothing. */
void updates_offer(Updates *updates, const char *name, GBytes *image);

/* Serves the header of `image` as the manifest; payloads stay those of what is offered. */
void updates_replay_manifest(Updates *updates, const char *name, GBytes *image);

/* Counts on `tally` each manifest of what is offered, if offering it is a fault. */
void updates_count_offers(Updates *updates, Tally *tally);

void updates_set_behaviour(Updates *updates, UpdatesBehaviour behaviour, Tally *tally);
void updates_set_certificate(Updates *updates, TlsCertificate which, Tally *tally);
void updates_mutate(Updates *updates, UpdatesMutation what, unsigned count, Tally *tally);
