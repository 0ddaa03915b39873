/* SPDX-License-Identifier: MIT */

/*
 *   T1  An action starts from a queue entry of its own, never within the event that triggers it.
 *
 *   T2  A hold is open from a match of `after` until its delay is over or `release` matches.
 *
 *   T3  The first reason to end stands.
 */

#include "sim/world/story.h"

#include <glib.h>

/* One action of the timeline and how far it has come. */
typedef struct StoryThread {
    Story *story;
    const Action *action;
    uint32_t matches; /* of its trigger */
    bool started;
    unsigned waiting; /* triggered or timed, not started yet */
} StoryThread;

/* A hold that is open until `deadline`. */
typedef struct StoryHold {
    const Hold *hold;
    VTime deadline;
} StoryHold;

struct Story {
    const Timeline *timeline;
    Queue *queue;
    StoryAct act;
    void *user_data;
    StoryThread *threads; /* one per action, in the plan's order */
    GArray *holds;        /* of StoryHold */
    bool until_seen;
    bool begun;
    const char *reason;
};

Story *story_new(const Timeline *timeline, Queue *queue, StoryAct act, void *user_data)
{
    Story *story = g_new0(Story, 1);
    story->timeline = timeline;
    story->queue = queue;
    story->act = act;
    story->user_data = user_data;
    story->threads = g_new0(StoryThread, timeline->actions->len);
    story->holds = g_array_new(FALSE, FALSE, sizeof(StoryHold));
    for (guint i = 0; i < timeline->actions->len; i++) {
        story->threads[i].story = story;
        story->threads[i].action = g_ptr_array_index(timeline->actions, i);
    }
    return story;
}

void story_free(Story *story)
{
    if (story == NULL) {
        return;
    }
    g_array_free(story->holds, TRUE);
    g_free(story->threads);
    g_free(story);
}

void story_end(Story *story, const char *reason)
{
    if (story->reason == NULL) {
        story->reason = reason; /* T3 */
    }
}

static void story_end_until(void *user_data)
{
    story_end(user_data, "until");
}

static void story_end_limit(void *user_data)
{
    story_end(user_data, "limit");
}

/* Only wakes the world, which then asks `story_ended`. */
static void story_look_again(void *user_data)
{
    (void)user_data;
}

static void story_begin_action(void *user_data)
{
    StoryThread *thread = user_data;
    thread->waiting--;
    thread->started = true;
    if (thread->story->reason == NULL) {
        thread->story->act(thread->action, thread->story->user_data);
    }
}

static void story_schedule(StoryThread *thread, VTime at)
{
    thread->waiting++;
    queue_add(thread->story->queue, at, story_begin_action, thread); /* T1 */
}

void story_start(Story *story)
{
    const Timeline *timeline = story->timeline;
    queue_add(story->queue, timeline->limit, story_end_limit, story);
    if (timeline->until_at != VTIME_NEVER) {
        queue_add(story->queue, timeline->until_at, story_end_until, story);
    }
    for (guint i = 0; i < timeline->actions->len; i++) {
        StoryThread *thread = &story->threads[i];
        if (thread->action->given) {
            thread->started = true;
            story->act(thread->action, story->user_data);
        }
    }
    for (guint i = 0; i < timeline->actions->len; i++) {
        StoryThread *thread = &story->threads[i];
        if (!thread->action->given && thread->action->after == NULL) {
            story_schedule(thread, thread->action->at);
        }
    }
    story->begun = true;
}

static void story_see_threads(Story *story, const Event *event)
{
    for (guint i = 0; i < story->timeline->actions->len; i++) {
        StoryThread *thread = &story->threads[i];
        const Action *action = thread->action;
        if (action->given || action->after == NULL || !pattern_matches(action->after, event)) {
            continue;
        }
        thread->matches++;
        if (action->nth == 0 || thread->matches == action->nth) {
            story_schedule(thread, vtime_add(event->at, action->delay));
        }
    }
}

/* Keeps T2. What releases a hold may at once open it again. */
static void story_see_holds(Story *story, const Event *event)
{
    for (guint i = story->holds->len; i > 0; i--) {
        const StoryHold *open = &g_array_index(story->holds, StoryHold, i - 1);
        if (open->hold->release != NULL && pattern_matches(open->hold->release, event)) {
            g_array_remove_index(story->holds, i - 1);
        }
    }
    for (guint i = 0; i < story->timeline->holds->len; i++) {
        const Hold *hold = g_ptr_array_index(story->timeline->holds, i);
        if (pattern_matches(hold->after, event)) {
            StoryHold open = {.hold = hold, .deadline = vtime_add(event->at, hold->delay)};
            g_array_append_val(story->holds, open);
            queue_add(story->queue, open.deadline, story_look_again, NULL);
        }
    }
}

void story_see(Story *story, const Event *event)
{
    const Timeline *timeline = story->timeline;
    story_see_threads(story, event);
    story_see_holds(story, event);
    if (timeline->until != NULL && !story->until_seen && pattern_matches(timeline->until, event)) {
        story->until_seen = true;
        queue_add(story->queue, vtime_add(event->at, timeline->until_delay), story_end_until,
                  story);
    }
}

static bool story_is_quiet(Story *story)
{
    VTime now = queue_now(story->queue);
    for (guint i = story->holds->len; i > 0; i--) {
        if (g_array_index(story->holds, StoryHold, i - 1).deadline <= now) {
            g_array_remove_index(story->holds, i - 1);
        }
    }
    if (story->holds->len > 0) {
        return false;
    }
    for (guint i = 0; i < story->timeline->actions->len; i++) {
        if (!story->threads[i].started || story->threads[i].waiting > 0) {
            return false;
        }
    }
    return true;
}

const char *story_ended(Story *story)
{
    const Timeline *timeline = story->timeline;
    if (story->reason == NULL && story->begun && timeline->until == NULL &&
        timeline->until_at == VTIME_NEVER && story_is_quiet(story)) {
        story->reason = "quiet";
    }
    return story->reason;
}
