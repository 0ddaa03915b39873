/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The story follows a Timeline: it knows when each action is to start and when the run is over.
 *
 * It is shown every event, counts the matches of each trigger, and calls back when an action's
 * moment has come; what the action does is somebody else's. It never looks at a claim: that a run
 * must go on for a claim's sake is written in the Timeline as a hold.
 *
 * The Timeline and the queue outlive the story. Nothing here fails.
 */

#include <stdbool.h>

#include "sim/evidence/event.h"
#include "sim/scenario/plan.h"
#include "sim/world/queue.h"

typedef struct Story Story;

/* An action is to be done, now. */
typedef void (*StoryAct)(const Action *action, void *user_data);

Story *story_new(const Timeline *timeline, Queue *queue, StoryAct act, void *user_data);
void story_free(Story *story);

/* Does what is given at once, in the plan's order, and lays out the rest. */
void story_start(Story *story);

/* Shows the story an event that has just been recorded. */
void story_see(Story *story, const Event *event);

/* Ends the run for a reason of the caller's: "end_run". The first reason stands. */
void story_end(Story *story, const char *reason);

/* Why the run is over: "until", "quiet", "limit", "end_run"; NULL while it goes on. */
const char *story_ended(Story *story);
