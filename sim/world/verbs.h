/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What each verb of a timeline does, to devices and to the people around them.
 *
 * Verbs about the network are passed on to it. A verb that is a fault is recorded as injected when
 * it is done, and as having taken effect only when it has really touched something: the two are
 * different events, and a judge needs both.
 */

#include "sim/world/stage.h"

/* Does one action, now. What cannot be done fails the stage. */
void verbs_act(Stage *stage, const Action *action);

/*
 * The point of an action has changed since it was done: of a loss of power that is armed, or of a
 * fault of a frame. One that has been replaced or has happened meanwhile stays as it is.
 */
void verbs_aim(Stage *stage, const Action *action);

/* Is shown every event, to see which faults have taken effect. */
void verbs_see(Stage *stage, const Event *event);

/* A device has lost its power: what was to happen then, happens. */
void verbs_power_lost(StageDevice *device, const HostlinkPowerLost *lost);

/* The run is over: faults that still last, end. */
void verbs_close(Stage *stage);
