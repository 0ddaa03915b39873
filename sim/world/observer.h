/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The observer turns what one device does into events: the witness at the wire.
 *
 * It is told every call and writes down what the call means, from what the lab itself can see: the
 * journal and the images as they stand in flash, the bolt where the mechanism says it is. The
 * device's own words (progress codes, console lines) are written down as such. It looks for
 * secrets in everything that leaves the device.
 *
 * It brings the lab's copy of flash and fuses along; the copy belongs to the device, and so does
 * the observer. Recorder and queue outlive both.
 *
 * Only a machine that contradicts itself is an error; whatever the firmware does is an event.
 */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "sim/evidence/recorder.h"
#include "sim/world/nvm.h"
#include "sim/world/queue.h"
#include "sim/world/scanner.h"
#include "sim/world/wire.h"

typedef struct Observer Observer;

typedef struct ObserverOptions {
    const char *name; /* source of the events, kept by the caller */
    Recorder *recorder;
    const Queue *queue;
    Nvm *nvm;
    bool record_nvm;   /* write nvm.operation events and the operation log */
    bool record_calls; /* write device.call events */
    bool is_first;     /* its artefacts carry no device name */
} ObserverOptions;

Observer *observer_new(const ObserverOptions *options);
void observer_free(Observer *observer);

/* Where the device's secrets are to be added. */
Scanner *observer_scanner(Observer *observer);

/* What is in flash when the world begins is not news. Call once the memories are set up. */
void observer_begin(Observer *observer, uint32_t bolt_position);

/* Power is given; `boot` counts from 1. */
void observer_power_on(Observer *observer, unsigned boot);

/* Writes down one call. `reason` is why power was lost, for POWER_LOST; otherwise NULL. */
G_GNUC_WARN_UNUSED_RESULT
bool observer_call(Observer *observer, const WireCall *call, const char *reason, GError **error);

/* An operation that is about to end has met worn cells: `bits` of them do not follow. */
void observer_worn(Observer *observer, const HostlinkNvmOperation *operation, unsigned bits);

/* The copy of flash was brought up to date over this range from the machine itself. */
void observer_flash_changed(Observer *observer, uint32_t offset, uint32_t byte_count);

/* Somebody has turned the bolt by hand. */
void observer_set_bolt(Observer *observer, uint32_t position);

/* The last look: what the run has left in flash. */
void observer_end(Observer *observer);

/* Instructions the device has executed, as of its last call. */
uint64_t observer_instructions(const Observer *observer);

/*
 * Visible acts of the device so far: all its calls but those that the lab's horizon or the lab's
 * own doing brings about (HORIZON, SLEEP_FOREVER, SAVED, CONTENT, POWER_LOST) and HELLO.
 */
uint64_t observer_calls(const Observer *observer);

/* "1.2.0" for an image version; `text` holds OBSERVER_VERSION_CHARS. */
#define OBSERVER_VERSION_CHARS 16u
const char *observer_version_text(uint32_t version, char text[OBSERVER_VERSION_CHARS]);
