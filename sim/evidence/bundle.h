/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A bundle: all the evidence of one run in a folder, sealed.
 *
 *     plan.json       what was to be done and what is claimed, canonical
 *     events.jsonl    one event a line
 *     uart.log  net.pcapng  flash.bin  otp.bin      artefacts, as far as there are any
 *     manifest.json   the digest of each of the above, and the head of the event chain
 *     host.json       facts about the host and this execution; outside the seal
 *
 * The *bundle digest* is the SHA-256 of manifest.json. Two executions of one plan with the same
 * binaries give the same bundle digest (rule W5). Opening verifies every digest and the chain, so
 * an open Bundle is known to be whole; what is not whole is an error that names the file.
 *
 * A Bundle owns its events and its plan text.
 */

#include <glib.h>

#include "sim/base/digest.h"
#include "sim/evidence/recorder.h"

#define BUNDLE_FORMAT         1
#define BUNDLE_EVENTS_MAX     2000000
#define BUNDLE_FILE_BYTES_MAX (1024u << 20)

#define BUNDLE_ERROR bundle_error_quark()
GQuark bundle_error_quark(void);

typedef enum BundleError {
    BUNDLE_ERROR_STORE, /* the folder cannot be written or read */
    BUNDLE_ERROR_SEAL,  /* what is there is not a whole bundle */
} BundleError;

typedef struct Bundle {
    char *path;
    char *plan_json;
    GPtrArray *events; /* of Event */
    Digest digest;
} Bundle;

/* The digest the bundle would have, without writing it. */
Digest bundle_digest(const char *plan_json, const Recorder *recorder);

/* Writes the bundle into the folder `path`, made if need be. `host_json` may be NULL. */
bool bundle_write(const char *path, const char *plan_json, const Recorder *recorder,
                  const char *host_json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a bundle's folder. */
void bundle_remove(const char *path);

/* Opens and verifies a bundle. */
Bundle *bundle_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void bundle_free(Bundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bundle, bundle_free)
