/* SPDX-License-Identifier: MIT */

/*
 * One function per verb, in a table indexed by the verb.
 *
 *   V1  `fault.injected` is recorded when a fault is ordered; `fault.took_effect` by its
 *       tally, when something has really been touched.
 *
 *   V2  A device has at most one loss of power armed; a later one replaces it. One that comes at
 *       once lets an armed one wait, until the power is back.
 *
 *   V3  Random choices are drawn from the stream named after the action's number, so actions
 *       do not disturb each other.
 */

#include "sim/world/verbs.h"

#include <assert.h>
#include <string.h>

#include "vdevice/contract/boot_journal.h"

#define VERBS_KEY_SPACING (250 * VTIME_MS)
#define VERBS_PIN_END     '#'
#define VERBS_PIN_CLEAR   '*'
#define VERBS_BUTTON      'B'
#define VERBS_KEY_PAUSE   (10 * VTIME_S) /* a longer one forgets what was typed */
#define VERBS_UNITS_MAX   64             /* of a page; more stay possible by saying so */

typedef void (*VerbsFunction)(Stage *stage, StageDevice *device, const Action *action);

/* Something put off to a later instant. */
typedef struct VerbsLater {
    StageDevice *device;
    const Action *action;
    Tally *tally;
    char key;
} VerbsLater;

static VerbsLater *verbs_later(StageDevice *device, const Action *action, VTime delay,
                               QueueFunction function)
{
    VerbsLater *later = g_new0(VerbsLater, 1);
    later->device = device;
    later->action = action;
    g_ptr_array_add(device->stage->later, later);
    queue_add(device->stage->queue, vtime_add(queue_now(device->stage->queue), delay), function,
              later);
    return later;
}

/* The random stream of one action. Keeps V3. */
static Prng verbs_draw(const Stage *stage, const Action *action)
{
    g_autofree char *name = g_strdup_printf("action/%u", action->number);
    return prng_fork(&stage->root, name);
}

/* The tally of a fault; NULL for what is given or no fault. */
static Tally *verbs_tally(Stage *stage, const Action *action)
{
    VerbFault fault = plan_verb_fault(action->verb);
    if (action->given || fault == VERB_FAULT_NONE) {
        return NULL;
    }
    Tally *tally = tally_new(action->number, plan_fault_name(fault), action->target, stage->queue,
                             stage->recorder);
    g_ptr_array_add(stage->tallies, tally);
    return tally;
}

static void verbs_refuse(Stage *stage, const Action *action, const char *why)
{
    stage_fail(stage, g_error_new(WORLD_ERROR, WORLD_ERROR_PLAN, "%s:%d: %s: %s",
                                  action->place.file != NULL ? action->place.file : "plan",
                                  action->place.line, plan_verb_name(action->verb), why));
}

/* What has been typed so far counts no more. */
static void verbs_forget_keys(StageDevice *device)
{
    g_string_truncate(device->digits, 0);
    device->changing = 0;
}

/* Power. */

static void verbs_power_on(Stage *stage, StageDevice *device, const Action *action)
{
    (void)stage;
    (void)action;
    device_power_on(device->device);
}

static void verbs_power_returns(void *user_data)
{
    StageDevice *device = user_data;
    device->power_on = QUEUE_TICKET_NONE;
    tally_end(device->outage);
    device->outage = NULL;
    device_power_on(device->device);
}

/* What the arguments say about the moment and the manner of the loss. */
static HostlinkCut verbs_cut_of(Stage *stage, const Action *action)
{
    static const char *const TORN[] = {
        [HOSTLINK_TORN_NOTHING] = "nothing", [HOSTLINK_TORN_PREFIX] = "prefix",
        [HOSTLINK_TORN_RANDOM] = "random",   [HOSTLINK_TORN_HALF] = "half",
        [HOSTLINK_TORN_WEAK] = "weak",       [HOSTLINK_TORN_COMPLETE] = "complete",
    };
    Prng draw = verbs_draw(stage, action);
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW, .seed = prng_u64(&draw)};
    uint64_t units = 1 + prng_below(&draw, VERBS_UNITS_MAX - 1);
    for (uint32_t i = 0; i < G_N_ELEMENTS(TORN); i++) {
        if (strcmp(TORN[i], plan_text(action, "torn")) == 0) {
            cut.torn = i;
        }
    }
    if (plan_argument(action, "units") != NULL) {
        units = (uint64_t)plan_integer(action, "units");
    }
    cut.units = (uint32_t)MIN(units, UINT32_MAX);
    if (plan_argument(action, "draw") != NULL) {
        cut.seed = (uint64_t)plan_integer(action, "draw");
    }
    cut.decay = (uint64_t)plan_duration(action, "decay");
    if (plan_argument(action, "at_operation") != NULL) {
        cut.when = HOSTLINK_CUT_AT_NVM;
        cut.at = (uint64_t)plan_integer(action, "at_operation");
    } else if (plan_argument(action, "in_operations") != NULL) {
        StageDevice *device = stage_device(stage, action->target);
        cut.when = HOSTLINK_CUT_AT_NVM;
        cut.at = device_nvm(device->device)->operations +
                 (uint64_t)plan_integer(action, "in_operations");
    } else if (plan_argument(action, "at_instruction") != NULL) {
        cut.when = HOSTLINK_CUT_AT_INSTRUCTION;
        cut.at = (uint64_t)plan_integer(action, "at_instruction");
    } else if (plan_argument(action, "at_call") != NULL) {
        cut.when = DEVICE_CUT_AT_CALL;
        cut.at = (uint64_t)plan_integer(action, "at_call");
    }
    return cut;
}

/*
 * Takes note of a loss that is to come, and says whether its order can be given now. Keeps V2: an
 * armed one that is replaced stays without effect.
 */
static bool verbs_expect_loss(StageDevice *device, const Action *action, const HostlinkCut *order)
{
    bool at_once = order->when == HOSTLINK_CUT_NOW;
    bool expected = device->cut_by != NULL;
    bool expected_at_once = expected && device->cut_order.when == HOSTLINK_CUT_NOW;
    if (expected_at_once && !at_once) {
        device->armed = verbs_tally(device->stage, action);
        device->armed_by = action;
        device->armed_order = *order;
        return false;
    }
    if (expected && !expected_at_once && at_once) {
        device->armed = device->cut;
        device->armed_by = device->cut_by;
        device->armed_order = device->cut_order;
    }
    device->cut = verbs_tally(device->stage, action);
    device->cut_by = action;
    device->cut_order = *order;
    return true;
}

/* Arms again, for when the power is back, what an immediate loss had overtaken. Keeps V2. */
static void verbs_arm_again(StageDevice *device)
{
    if (device->armed_by != NULL) {
        device->cut = device->armed;
        device->cut_by = device->armed_by;
        device->cut_order = device->armed_order;
        device->armed = NULL;
        device->armed_by = NULL;
        device_arm_cut(device->device, &device->cut_order);
    }
}

static void verbs_cut_power(Stage *stage, StageDevice *device, const Action *action)
{
    HostlinkCut cut = verbs_cut_of(stage, action);
    if (cut.when == HOSTLINK_CUT_NOW && device_state(device->device) == DEVICE_OFF) {
        return; /* injected, and without effect */
    }
    if (!verbs_expect_loss(device, action, &cut)) {
        return;
    }
    if (cut.when == HOSTLINK_CUT_NOW) {
        device_cut_now_torn(device->device, &cut);
    } else {
        device_arm_cut(device->device, &cut);
    }
}

static void verbs_write_copy(void *user_data)
{
    VerbsLater *later = user_data;
    StageDevice *device = later->device;
    g_autofree char *key =
        g_strdup_printf("%s/%s", later->action->target, plan_text(later->action, "name"));
    GBytes *copy = g_hash_table_lookup(device->stage->flashes, key);
    if (copy == NULL) {
        verbs_refuse(device->stage, later->action, "no copy of that name was saved");
    } else if (device_state(device->device) == DEVICE_OFF) {
        device_write_flash(device->device, 0, g_bytes_get_data(copy, NULL), FLASH_BYTES);
        tally_count(later->tally, "written back");
        device_power_on(device->device);
    }
}

static void verbs_loss_is_over(StageDevice *device, const Action *action, Tally *tally)
{
    Stage *stage = device->stage;
    if (action->verb == VERB_RESTORE_FLASH) {
        verbs_later(device, action, plan_duration(action, "for"), verbs_write_copy)->tally = tally;
    } else if (!plan_truth(action, "stay_off")) {
        queue_remove(stage->queue, device->power_on);
        device->outage = tally;
        device->power_on = queue_add(
            stage->queue, vtime_add(queue_now(stage->queue), plan_duration(action, "for")),
            verbs_power_returns, device);
    }
}

void verbs_power_lost(StageDevice *device, const HostlinkPowerLost *lost)
{
    const Action *action = device->cut_by;
    Tally *tally = device->cut;
    device->cut = NULL;
    device->cut_by = NULL;
    verbs_arm_again(device);
    verbs_forget_keys(device);
    if (action == NULL) {
        return; /* the machine's own doing: it stays off */
    }
    if (action->verb == VERB_CUT_POWER) {
        tally_count(tally, lost->torn_operation != 0 ? "operation torn" : "power lost");
    }
    verbs_loss_is_over(device, action, tally);
}

/* Where operations are counted; NULL: everywhere. */
static const char *verbs_wear_region(const Action *action)
{
    bool anywhere = strcmp(plan_text(action, "region"), "any") == 0;
    return anywhere || plan_argument(action, "at_operation") != NULL ? NULL
                                                                     : plan_text(action, "region");
}

static HostlinkWear verbs_wear_of(Stage *stage, const Action *action)
{
    Prng draw = verbs_draw(stage, action);
    StageDevice *device = stage_device(stage, action->target);
    HostlinkWear wear = {
        .at = (uint64_t)MAX(plan_integer(action, "in_operations"), 1),
        .seed = prng_u64(&draw),
        .bits = (uint32_t)CLAMP(plan_integer(action, "bits"), 0, UINT32_MAX),
    };
    if (plan_argument(action, "at_operation") != NULL) {
        wear.at = (uint64_t)plan_integer(action, "at_operation");
    } else if (verbs_wear_region(action) == NULL) {
        wear.at += device_nvm(device->device)->operations;
    }
    if (plan_argument(action, "draw") != NULL) {
        wear.seed = (uint64_t)plan_integer(action, "draw");
    }
    return wear;
}

static void verbs_wear_flash(Stage *stage, StageDevice *device, const Action *action)
{
    HostlinkWear wear = verbs_wear_of(stage, action);
    device->wear = verbs_tally(stage, action); /* an earlier one stays without effect */
    device_wear(device->device, &wear, verbs_wear_region(action));
}

static HostlinkReadFault verbs_misread_of(Stage *stage, const Action *action)
{
    const char *kind = plan_text(action, "kind");
    Prng draw = verbs_draw(stage, action);
    HostlinkReadFault fault = {
        .at = (uint64_t)plan_integer(action, "at_read"),
        .seed = prng_u64(&draw),
        .kind = strcmp(kind, "ones") == 0    ? HOSTLINK_READ_ONES
                : strcmp(kind, "zeros") == 0 ? HOSTLINK_READ_ZEROS
                                             : HOSTLINK_READ_BIT,
    };
    if (plan_argument(action, "draw") != NULL) {
        fault.seed = (uint64_t)plan_integer(action, "draw");
    }
    return fault;
}

static void verbs_misread(Stage *stage, StageDevice *device, const Action *action)
{
    HostlinkReadFault fault = verbs_misread_of(stage, action);
    device->misread = verbs_tally(stage, action); /* an earlier one stays without effect */
    device_misread(device->device, &fault);
}

static void verbs_set_battery(Stage *stage, StageDevice *device, const Action *action)
{
    int64_t millivolts = plan_integer(action, "millivolts");
    device_set(device->device, HOSTLINK_BATTERY, (uint32_t)millivolts);
    RECORD(stage->recorder, queue_now(stage->queue), action->target, EVENT_BATTERY_CHANGED,
           EVENT_INTEGER("millivolts", millivolts));
    tally_count(verbs_tally(stage, action), "supply set");
}

/* The person at the lock. */

/* The key that ends an entry: of a PIN, or of one of the three in a change of PIN. */
static void verbs_end_entry(StageDevice *device)
{
    Stage *stage = device->stage;
    const char *digits = device->digits->str;
    bool correct = device->mint.pin[0] != '\0' && strcmp(digits, device->mint.pin) == 0;
    if (device->digits->len == 0) {
        verbs_forget_keys(device);
    } else if (device->changing == 0) {
        RECORD(stage->recorder, queue_now(stage->queue), device->setup->name,
               EVENT_USER_PIN_ENTERED, EVENT_TRUTH("correct", correct),
               EVENT_INTEGER("digits", device->digits->len));
        g_string_truncate(device->digits, 0);
    } else if (device->changing < 3) {
        g_free(device->entries[device->changing - 1]);
        device->entries[device->changing - 1] = g_strdup(digits);
        device->changing++;
        g_string_truncate(device->digits, 0);
    } else {
        bool changed = strcmp(device->entries[0], device->mint.pin) == 0 &&
                       strcmp(device->entries[1], digits) == 0 &&
                       device->digits->len >= PROVISIONING_PIN_DIGITS_MIN &&
                       device->digits->len <= PROVISIONING_PIN_DIGITS_MAX;
        if (changed) {
            g_strlcpy(device->mint.pin, digits, sizeof(device->mint.pin));
            scanner_add(observer_scanner(device_observer(device->device)), "pin",
                        (const uint8_t *)digits, device->digits->len);
        }
        verbs_forget_keys(device);
    }
}

/* Follows what the manual says the keys mean: the lab must know what the person has asked for. */
static void verbs_press(StageDevice *device, char key)
{
    Stage *stage = device->stage;
    char text[2] = {key, '\0'};
    VTime now = queue_now(stage->queue);
    if (now - device->key_at > VERBS_KEY_PAUSE) {
        verbs_forget_keys(device);
    }
    device->key_at = now;
    RECORD(stage->recorder, now, device->setup->name, EVENT_USER_KEY, EVENT_TEXT("key", text));
    if (!device_press_key(device->device, (uint32_t)key)) {
        return; /* a dead lock takes no keys */
    }
    if (key == VERBS_PIN_END) {
        verbs_end_entry(device);
    } else if (key == VERBS_PIN_CLEAR) {
        bool begins_change = device->changing == 0 && strcmp(device->digits->str, "0") == 0;
        verbs_forget_keys(device);
        device->changing = begins_change ? 1 : 0;
    } else {
        g_string_append_c(device->digits, key);
    }
}

static void verbs_press_later(void *user_data)
{
    VerbsLater *later = user_data;
    verbs_press(later->device, later->key);
}

static void verbs_type(StageDevice *device, const Action *action, const char *keys)
{
    for (size_t i = 0; keys[i] != '\0'; i++) {
        verbs_later(device, action, (VTime)i * VERBS_KEY_SPACING, verbs_press_later)->key = keys[i];
    }
}

static void verbs_press_keys(Stage *stage, StageDevice *device, const Action *action)
{
    const char *keys = plan_text(action, "keys");
    if (keys[strspn(keys, "0123456789*#")] != '\0') {
        verbs_refuse(stage, action, "there are only digits, * and # on the keypad");
        return;
    }
    verbs_type(device, action, keys);
}

static void verbs_enter_pin(Stage *stage, StageDevice *device, const Action *action)
{
    const char *which = plan_text(action, "which");
    g_autofree char *digits = g_strdup(device->mint.pin);
    if (strcmp(which, "text") == 0) {
        g_free(digits);
        digits = g_strdup(plan_text(action, "text") != NULL ? plan_text(action, "text") : "");
    } else if (digits[0] == '\0') {
        verbs_refuse(stage, action, "the device was never given a PIN");
        return;
    } else if (strcmp(which, "wrong") == 0) {
        char *last = &digits[strlen(digits) - 1];
        *last = (char)('0' + (*last - '0' + 1) % 10);
    }
    g_autofree char *keys = g_strdup_printf("%s%c", digits, VERBS_PIN_END);
    verbs_type(device, action, keys);
}

static void verbs_press_button(Stage *stage, StageDevice *device, const Action *action)
{
    verbs_forget_keys(device);
    RECORD(stage->recorder, queue_now(stage->queue), action->target, EVENT_USER_BUTTON);
    device_press_key(device->device, VERBS_BUTTON);
}

static void verbs_set_door(Stage *stage, StageDevice *device, const Action *action)
{
    const char *state = plan_text(action, "state");
    device_set(device->device, HOSTLINK_DOOR, strcmp(state, "closed") == 0 ? 1 : 0);
    RECORD(stage->recorder, queue_now(stage->queue), action->target, EVENT_DOOR_CHANGED,
           EVENT_TEXT("state", state));
}

static void verbs_unjam(void *user_data)
{
    VerbsLater *later = user_data;
    device_set(later->device->device, HOSTLINK_JAM, 0);
    if (later->device->jam == later->tally) {
        later->device->jam = NULL;
    }
    tally_end(later->tally);
}

static void verbs_jam_bolt(Stage *stage, StageDevice *device, const Action *action)
{
    device_set(device->device, HOSTLINK_JAM, 1);
    device->jam = verbs_tally(stage, action);
    if (plan_argument(action, "for") != NULL) {
        verbs_later(device, action, plan_duration(action, "for"), verbs_unjam)->tally = device->jam;
    }
}

static void verbs_turn_bolt(Stage *stage, StageDevice *device, const Action *action)
{
    uint32_t position = strcmp(plan_text(action, "to"), "locked") == 0 ? 1000 : 0;
    RECORD(stage->recorder, queue_now(stage->queue), action->target, EVENT_USER_TURNED_BOLT,
           EVENT_INTEGER("position", position));
    device_set(device->device, HOSTLINK_BOLT_SET, position);
    observer_set_bolt(device_observer(device->device), position);
}

/* The cable. */

static void verbs_plug(StageDevice *device, bool in)
{
    Stage *stage = device->stage;
    device->cable_in = in;
    device_set(device->device, HOSTLINK_LINK, in ? 1 : 0);
    RECORD(stage->recorder, queue_now(stage->queue), device->setup->name, EVENT_LINK_CHANGED,
           EVENT_TEXT("link", device->setup->name), EVENT_TRUTH("partitioned", !in));
}

static void verbs_plug_back(void *user_data)
{
    VerbsLater *later = user_data;
    verbs_plug(later->device, strcmp(plan_text(later->action, "state"), "in") != 0);
    tally_end(later->tally);
}

static void verbs_set_cable(Stage *stage, StageDevice *device, const Action *action)
{
    Tally *tally = verbs_tally(stage, action);
    verbs_plug(device, strcmp(plan_text(action, "state"), "in") == 0);
    tally_count(tally, "cable moved");
    if (plan_argument(action, "for") != NULL) {
        verbs_later(device, action, plan_duration(action, "for"), verbs_plug_back)->tally = tally;
    }
}

/* The attacker with the device in hand. */

static void verbs_save_flash(Stage *stage, StageDevice *device, const Action *action)
{
    g_hash_table_insert(stage->flashes,
                        g_strdup_printf("%s/%s", action->target, plan_text(action, "name")),
                        g_bytes_new(device_nvm(device->device)->flash, FLASH_BYTES));
}

static void verbs_restore_flash(Stage *stage, StageDevice *device, const Action *action)
{
    HostlinkCut cut = {.when = HOSTLINK_CUT_NOW};
    (void)stage;
    (void)verbs_expect_loss(device, action, &cut);
    if (device_state(device->device) == DEVICE_OFF) {
        HostlinkPowerLost lost = {.torn = HOSTLINK_TORN_NOTHING};
        queue_remove(device->stage->queue, device->power_on);
        verbs_power_lost(device, &lost);
    } else {
        device_cut_now(device->device);
    }
}

/* Where to damage and how far: a slot only as far as its image goes, if it holds one. */
static uint32_t verbs_region(StageDevice *device, const char *name, uint32_t *ret_bytes)
{
    static const struct {
        const char *name;
        uint32_t offset;
        uint32_t bytes;
    } REGIONS[] = {
        {"journal", JOURNAL_OFFSET, JOURNAL_BYTES}, {"factory", FACTORY_OFFSET, FACTORY_BYTES},
        {"store", STORE_OFFSET, STORE_BYTES},       {"slot_a", SLOT_A_OFFSET, SLOT_BYTES},
        {"slot_b", SLOT_B_OFFSET, SLOT_BYTES},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(REGIONS); i++) {
        if (strcmp(REGIONS[i].name, name) == 0) {
            ImageHeader header;
            uint32_t offset = REGIONS[i].offset;
            memcpy(&header, device_nvm(device->device)->flash + offset, sizeof(header));
            bool holds = REGIONS[i].bytes == SLOT_BYTES && header.magic == IMAGE_MAGIC &&
                         header.payload_bytes <= IMAGE_PAYLOAD_BYTES_MAX;
            *ret_bytes = holds ? IMAGE_HEADER_BYTES + header.payload_bytes : REGIONS[i].bytes;
            return offset;
        }
    }
    *ret_bytes = 0;
    return 0;
}

static void verbs_damage_flash(Stage *stage, StageDevice *device, const Action *action)
{
    uint32_t bytes;
    uint32_t start = verbs_region(device, plan_text(action, "region"), &bytes);
    int64_t bits = plan_integer(action, "bits");
    Tally *tally = verbs_tally(stage, action);
    Prng draw = verbs_draw(stage, action);
    if (bytes == 0 || bits <= 0 || plan_integer(action, "offset") >= (int64_t)bytes) {
        verbs_refuse(stage, action, "nothing there to damage");
        return;
    }
    for (int64_t i = 0; i < bits; i++) {
        uint32_t at = plan_argument(action, "offset") != NULL
                          ? (uint32_t)plan_integer(action, "offset") + (uint32_t)(i / 8)
                          : (uint32_t)prng_below(&draw, bytes);
        uint8_t mask = (uint8_t)(1u << prng_below(&draw, 8));
        device_damage_flash(device->device, start + MIN(at, bytes - 1), &mask, 1);
    }
    tally_count(tally, "bits flipped");
}

static void verbs_unstick(void *user_data)
{
    VerbsLater *later = user_data;
    device_set(later->device->device, HOSTLINK_TRNG_FAULT, 0);
    tally_end(later->tally);
}

static void verbs_stick_trng(Stage *stage, StageDevice *device, const Action *action)
{
    Tally *tally = verbs_tally(stage, action);
    device_set(device->device, HOSTLINK_TRNG_FAULT, 1);
    tally_count(tally, "source stuck");
    if (plan_argument(action, "for") != NULL) {
        verbs_later(device, action, plan_duration(action, "for"), verbs_unstick)->tally = tally;
    }
}

static void verbs_probe_debug(Stage *stage, StageDevice *device, const Action *action)
{
    device->probe = verbs_tally(stage, action);
    device_probe(device->device);
}

static void verbs_end_run(Stage *stage, StageDevice *device, const Action *action)
{
    (void)device;
    (void)action;
    story_end(stage->story, "end_run");
}

static VerbsFunction verbs_function(Verb verb)
{
    static const VerbsFunction FUNCTIONS[VERBS] = {
        [VERB_POWER_ON] = verbs_power_on,         [VERB_CUT_POWER] = verbs_cut_power,
        [VERB_SET_BATTERY] = verbs_set_battery,   [VERB_PRESS_KEYS] = verbs_press_keys,
        [VERB_ENTER_PIN] = verbs_enter_pin,       [VERB_PRESS_BUTTON] = verbs_press_button,
        [VERB_SET_DOOR] = verbs_set_door,         [VERB_JAM_BOLT] = verbs_jam_bolt,
        [VERB_TURN_BOLT] = verbs_turn_bolt,       [VERB_SET_CABLE] = verbs_set_cable,
        [VERB_SAVE_FLASH] = verbs_save_flash,     [VERB_RESTORE_FLASH] = verbs_restore_flash,
        [VERB_DAMAGE_FLASH] = verbs_damage_flash, [VERB_STICK_TRNG] = verbs_stick_trng,
        [VERB_PROBE_DEBUG] = verbs_probe_debug,   [VERB_END_RUN] = verbs_end_run,
        [VERB_WEAR_FLASH] = verbs_wear_flash,     [VERB_MISREAD] = verbs_misread,
    };
    return FUNCTIONS[verb];
}

void verbs_act(Stage *stage, const Action *action)
{
    VerbFault fault = plan_verb_fault(action->verb);
    StageDevice *device = stage_device(stage, action->target);
    if (device == NULL) {
        verbs_refuse(stage, action, "no such device");
        return;
    }
    if (fault != VERB_FAULT_NONE && !action->given) { /* V1 */
        stage->outcome.faults_injected++;
        RECORD(stage->recorder, queue_now(stage->queue), action->target, EVENT_FAULT_INJECTED,
               EVENT_INTEGER("action", action->number), EVENT_TEXT("kind", plan_fault_name(fault)),
               EVENT_TEXT("detail", plan_verb_name(action->verb)));
    }
    if (network_knows(action->verb)) {
        g_autoptr(GError) error = NULL;
        if (!network_act(stage->network, action, &error)) {
            stage_fail(stage, g_steal_pointer(&error));
        }
        return;
    }
    VerbsFunction function = verbs_function(action->verb);
    if (function == NULL) {
        verbs_refuse(stage, action, "a verb nobody here can do");
        return;
    }
    function(stage, device, action);
}

void verbs_aim(Stage *stage, const Action *action)
{
    StageDevice *device = stage_device(stage, action->target);
    g_autoptr(GError) error = NULL;
    if (network_knows(action->verb)) {
        if (!network_aim(stage->network, action, &error)) {
            stage_fail(stage, g_steal_pointer(&error));
        }
    } else if (device != NULL && device->cut_by == action) {
        device->cut_order = verbs_cut_of(stage, action);
        device_arm_cut(device->device, &device->cut_order);
    } else if (device != NULL && device->armed_by == action) {
        device->armed_order = verbs_cut_of(stage, action);
    } else if (device != NULL && device->wear != NULL &&
               tally_action(device->wear) == action->number) {
        HostlinkWear wear = verbs_wear_of(stage, action);
        device_wear(device->device, &wear, verbs_wear_region(action));
    } else if (device != NULL && device->misread != NULL &&
               tally_action(device->misread) == action->number) {
        HostlinkReadFault fault = verbs_misread_of(stage, action);
        device_misread(device->device, &fault);
    }
}

void verbs_see(Stage *stage, const Event *event)
{
    if (event->kind == EVENT_FAULT_TOOK_EFFECT) {
        stage->outcome.faults_effective++;
        return;
    }
    StageDevice *device = stage_device(stage, event->source);
    if (device == NULL) {
        return;
    }
    if (event->kind == EVENT_BOLT_STALLED) {
        tally_count(device->jam, "bolt held");
    } else if (event->kind == EVENT_NVM_WORN) {
        tally_count(device->wear, "bits stayed");
        tally_end(device->wear);
        device->wear = NULL;
    } else if (event->kind == EVENT_READ_FAULTED) {
        tally_count(device->misread, "misread");
        tally_end(device->misread);
        device->misread = NULL;
    } else if (event->kind == EVENT_DEBUG_ATTEMPTED) {
        tally_count(device->probe, "probe answered");
    } else if (event->kind == EVENT_DEVICE_RESET && device->changing != 0) {
        verbs_forget_keys(device); /* of a PIN the person would say it was entered all the same */
    }
}

void verbs_close(Stage *stage)
{
    for (guint i = 0; i < stage->tallies->len; i++) {
        tally_end(g_ptr_array_index(stage->tallies, i));
    }
}
