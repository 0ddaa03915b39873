/* SPDX-License-Identifier: MIT */
/*
 * Two sockets to one process: qtest's protocol for registers and time, QMP for orders and calls.
 *
 * Both answer in the order asked, a line each; interrupt changes come as lines of their own in
 * between and are noted when met. A reply that does not come within BENCH_WAIT_MS is a hang.
 */
#include "tests/machine/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <glib.h>
#include <json-glib/json-glib.h>

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"

#define BENCH_WAIT_MS        60000
#define BENCH_TRANSFER_BYTES 4096
#define BENCH_PROCESSOR      "/machine/processor"
#define BENCH_HOSTLINK       "/machine/hostlink"

typedef struct BenchWire {
    int fd;
    GString *received;
} BenchWire;

struct Bench {
    pid_t pid;
    BenchWire test;    /* qtest; its descriptor is -1 when the processor runs */
    BenchWire monitor; /* QMP */
    bool irq[CPU_IRQ_COUNT];
    GQueue calls; /* of BenchCall */
};

/* --- Lines ------------------------------------------------------------------------------------ */

static void bench_wire_send(BenchWire *wire, const char *line)
{
    size_t left = strlen(line);

    while (left > 0) {
        ssize_t sent = send(wire->fd, line, left, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            fail_msg("the machine is gone: %s", strerror(errno));
        }
        line += sent;
        left -= (size_t)sent;
    }
}

/* The next line without its end; the caller frees it. */
static char *bench_wire_line(BenchWire *wire)
{
    for (;;) {
        char chunk[4096];
        struct pollfd waiting = {.fd = wire->fd, .events = POLLIN};
        char *end = memchr(wire->received->str, '\n', wire->received->len);
        ssize_t bytes;

        if (end) {
            gsize length = (gsize)(end - wire->received->str);
            char *line = g_strndup(wire->received->str, length);

            g_string_erase(wire->received, 0, (gssize)length + 1);
            return g_strchomp(line);
        }
        if (poll(&waiting, 1, BENCH_WAIT_MS) == 0) {
            fail_msg("the machine does not answer");
        }
        bytes = recv(wire->fd, chunk, sizeof(chunk), 0);
        if (bytes < 0 && errno == EINTR) {
            continue;
        }
        if (bytes <= 0) {
            fail_msg("the machine is gone");
        }
        g_string_append_len(wire->received, chunk, bytes);
    }
}

/* --- qtest ------------------------------------------------------------------------------------ */

static void bench_note_irq(Bench *bench, const char *line)
{
    unsigned number;
    char change[8];

    if (sscanf(line, "IRQ %7s %u", change, &number) != 2 || number >= CPU_IRQ_COUNT) {
        fail_msg("not an interrupt change: %s", line);
    }
    bench->irq[number] = strcmp(change, "raise") == 0;
}

/* Sends one command and returns what follows OK in its reply; the caller frees it. */
static char *bench_ask(Bench *bench, const char *command)
{
    bench_wire_send(&bench->test, command);
    for (;;) {
        g_autofree char *line = bench_wire_line(&bench->test);

        if (g_str_has_prefix(line, "IRQ ")) {
            bench_note_irq(bench, line);
            continue;
        }
        if (!g_str_has_prefix(line, "OK")) {
            fail_msg("%s: %s", command, line);
        }
        return g_strdup(g_strchug(line + 2));
    }
}

static char *bench_askf(Bench *bench, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *bench_askf(Bench *bench, const char *format, ...)
{
    g_autofree char *command = NULL;
    va_list arguments;

    va_start(arguments, format);
    command = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return bench_ask(bench, command);
}

uint32_t bench_read(Bench *bench, uint32_t address)
{
    g_autofree char *reply = bench_askf(bench, "readl 0x%" PRIx32 "\n", address);

    return (uint32_t)g_ascii_strtoull(reply, NULL, 16);
}

void bench_write(Bench *bench, uint32_t address, uint32_t word)
{
    g_free(bench_askf(bench, "writel 0x%" PRIx32 " 0x%" PRIx32 "\n", address, word));
}

void bench_poke(Bench *bench, uint32_t address, uint32_t width, uint64_t value)
{
    char letter = width == 1 ? 'b' : width == 2 ? 'w' : width == 4 ? 'l' : 'q';

    g_free(bench_askf(bench, "write%c 0x%" PRIx32 " 0x%" PRIx64 "\n", letter, address, value));
}

void bench_read_bytes(Bench *bench, uint32_t address, uint8_t *ret_bytes, size_t count)
{
    while (count > 0) {
        size_t part = MIN(count, BENCH_TRANSFER_BYTES);
        g_autofree char *reply = bench_askf(bench, "b64read 0x%" PRIx32 " 0x%zx\n", address, part);
        gsize length;
        g_autofree guchar *bytes = g_base64_decode(reply, &length);

        assert_int_equal(length, part);
        memcpy(ret_bytes, bytes, part);
        address += (uint32_t)part;
        ret_bytes += part;
        count -= part;
    }
}

void bench_write_bytes(Bench *bench, uint32_t address, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        size_t part = MIN(count, BENCH_TRANSFER_BYTES);
        g_autofree char *text = g_base64_encode(bytes, part);

        g_free(bench_askf(bench, "b64write 0x%" PRIx32 " 0x%zx %s\n", address, part, text));
        address += (uint32_t)part;
        bytes += part;
        count -= part;
    }
}

void bench_fill(Bench *bench, uint32_t address, uint8_t byte, size_t count)
{
    if (count > 0) {
        g_free(bench_askf(bench, "memset 0x%" PRIx32 " 0x%zx 0x%x\n", address, count, byte));
    }
}

int64_t bench_step(Bench *bench, int64_t by_ns)
{
    g_autofree char *reply = bench_askf(bench, "clock_step %" PRId64 "\n", by_ns);

    return g_ascii_strtoll(reply, NULL, 10);
}

bool bench_irq(Bench *bench, unsigned line)
{
    assert_true(line < CPU_IRQ_COUNT);
    return bench->irq[line];
}

/* --- QMP -------------------------------------------------------------------------------------- */

/* Sends one command. Returns its result, or NULL if it was refused. */
static JsonNode *bench_command(Bench *bench, const char *command)
{
    bench_wire_send(&bench->monitor, command);
    for (;;) {
        g_autofree char *line = bench_wire_line(&bench->monitor);
        g_autoptr(JsonNode) node = json_from_string(line, NULL);
        JsonObject *reply;

        if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
            fail_msg("not a QMP reply: %s", line);
        }
        reply = json_node_get_object(node);
        if (json_object_has_member(reply, "return")) {
            return json_node_copy(json_object_get_member(reply, "return"));
        }
        if (json_object_has_member(reply, "error")) {
            return NULL;
        }
    }
}

void bench_settle(Bench *bench)
{
    /* Pending work is done by the main loop before it takes the next command. */
    g_autoptr(JsonNode) result = bench_command(bench, "{\"execute\":\"query-status\"}\n");

    assert_non_null(result);
}

bool bench_order(Bench *bench, uint32_t type, const void *body, size_t bytes)
{
    const uint8_t *at = body;
    g_autoptr(GString) command = g_string_new(NULL);
    g_autoptr(JsonNode) result = NULL;

    g_string_printf(command,
                    "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"" BENCH_HOSTLINK
                    "\",\"property\":\"order\",\"value\":\"%" PRIu32 " ",
                    type);
    for (size_t i = 0; i < bytes; i++) {
        g_string_append_printf(command, "%02x", at[i]);
    }
    g_string_append(command, "\"}}\n");
    result = bench_command(bench, command->str);
    return result != NULL;
}

void bench_order_word(Bench *bench, uint32_t type, uint32_t value)
{
    HostlinkWord word = {.value = value};

    if (!bench_order(bench, type, &word, sizeof(word))) {
        fail_msg("order %" PRIu32 " with %" PRIu32 " was refused", type, value);
    }
}

static BenchCall *bench_parse_call(const char *line)
{
    BenchCall *call = g_new0(BenchCall, 1);
    int body_at = 0;

    if (sscanf(line, "%" SCNu32 " %" SCNd64 " %n", &call->type, &call->time, &body_at) < 2) {
        fail_msg("not a call: %s", line);
    }
    for (const char *hex = line + body_at; hex[0] && hex[1]; hex += 2) {
        if (call->bytes < BENCH_CALL_BYTES_MAX) {
            call->body[call->bytes++] =
                (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        }
    }
    return call;
}

static void bench_fetch_calls(Bench *bench)
{
    g_auto(GStrv) lines = NULL;
    g_autoptr(JsonNode) result =
        bench_command(bench, "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"" BENCH_HOSTLINK
                             "\",\"property\":\"calls\"}}\n");

    if (!result) {
        fail_msg("the machine does not tell its calls");
    }
    lines = g_strsplit(json_node_get_string(result), "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line) {
            g_queue_push_tail(&bench->calls, bench_parse_call(*line));
        }
    }
}

bool bench_take_call(Bench *bench, BenchCall *ret_call)
{
    g_autofree BenchCall *call = NULL;

    if (g_queue_is_empty(&bench->calls)) {
        bench_fetch_calls(bench);
    }
    call = g_queue_pop_head(&bench->calls);
    if (!call) {
        return false;
    }
    *ret_call = *call;
    return true;
}

void bench_expect_call(Bench *bench, uint32_t type, uint32_t value)
{
    BenchCall call;
    HostlinkWord word;

    if (!bench_take_call(bench, &call)) {
        fail_msg("no call where %" PRIu32 " was expected", type);
    }
    memcpy(&word, call.body, sizeof(word));
    if (call.type != type || call.bytes != sizeof(word) || word.value != value) {
        fail_msg("call %" PRIu32 " with %" PRIu32 " where %" PRIu32 " with %" PRIu32
                 " was expected",
                 call.type, word.value, type, value);
    }
}

void bench_expect_silence(Bench *bench)
{
    BenchCall call;

    if (bench_take_call(bench, &call)) {
        fail_msg("call %" PRIu32 " where none was expected", call.type);
    }
}

void bench_forget_calls(Bench *bench)
{
    bench_fetch_calls(bench);
    g_queue_clear_full(&bench->calls, g_free);
}

/* --- The memories, as the lab sees them ------------------------------------------------------- */

void bench_look(Bench *bench, uint32_t space, uint32_t offset, uint8_t *ret_bytes, uint32_t count)
{
    const HostlinkRange range = {.space = space, .offset = offset, .bytes = count};
    g_autofree BenchCall *call = NULL;

    assert_true(count <= BENCH_CALL_BYTES_MAX);
    assert_true(bench_order(bench, HOSTLINK_READ, &range, sizeof(range)));
    bench_fetch_calls(bench);
    call = g_queue_pop_tail(&bench->calls);
    if (!call || call->type != HOSTLINK_CONTENT || call->bytes != count) {
        fail_msg("READ was not answered by CONTENT of %" PRIu32 " bytes", count);
    }
    memcpy(ret_bytes, call->body, count);
}

/* WRITE and DAMAGE have the same form. */
static bool bench_order_range(Bench *bench, uint32_t type, uint32_t space, uint32_t offset,
                              const uint8_t *bytes, uint32_t count)
{
    const HostlinkRange range = {.space = space, .offset = offset, .bytes = count};
    g_autoptr(GByteArray) body = g_byte_array_new();

    g_byte_array_append(body, (const guint8 *)&range, sizeof(range));
    g_byte_array_append(body, bytes, count);
    return bench_order(bench, type, body->data, body->len);
}

bool bench_put(Bench *bench, uint32_t space, uint32_t offset, const uint8_t *bytes, uint32_t count)
{
    return bench_order_range(bench, HOSTLINK_WRITE, space, offset, bytes, count);
}

bool bench_damage(Bench *bench, uint32_t space, uint32_t offset, const uint8_t *mask,
                  uint32_t count)
{
    return bench_order_range(bench, HOSTLINK_DAMAGE, space, offset, mask, count);
}

/* --- Power and reset -------------------------------------------------------------------------- */

void bench_power_off(Bench *bench)
{
    const HostlinkCut cut = {.when = HOSTLINK_CUT_NOW};

    assert_true(bench_order(bench, HOSTLINK_CUT, &cut, sizeof(cut)));
    bench_settle(bench);
}

void bench_power_on(Bench *bench, uint64_t off_ns)
{
    const HostlinkPowerOn on = {.off_duration = off_ns};

    assert_true(bench_order(bench, HOSTLINK_POWER_ON, &on, sizeof(on)));
}

void bench_begin(Bench *bench, const HostlinkBegin *begin)
{
    bench_power_off(bench);
    assert_true(bench_order(bench, HOSTLINK_BEGIN, begin, sizeof(*begin)));
    bench_power_on(bench, 0);
    bench_forget_calls(bench);
}

void bench_power_cycle(Bench *bench, uint64_t off_ns)
{
    bench_power_off(bench);
    bench_forget_calls(bench);
    bench_power_on(bench, off_ns);
}

void bench_reset(Bench *bench)
{
    bench_write(bench, POWER_BASE + POWER_RESET, POWER_RESET_MAGIC);
    bench_settle(bench);
    bench_forget_calls(bench);
}

/* --- Life ------------------------------------------------------------------------------------- */

static void bench_wire_open(BenchWire *wire, int *ret_far_end)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        fail_msg("no sockets: %s", strerror(errno));
    }
    wire->fd = ends[0];
    wire->received = g_string_new(NULL);
    *ret_far_end = ends[1];
}

static void bench_wire_close(BenchWire *wire)
{
    if (wire->fd >= 0) {
        close(wire->fd);
        g_string_free(wire->received, TRUE);
    }
}

/* Starts the program with `argv`, keeping `inherited` open in it. */
static pid_t bench_start(char **argv, const int *inherited, size_t count)
{
    pid_t pid = fork();

    if (pid < 0) {
        fail_msg("no process: %s", strerror(errno));
    }
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing running */
        for (size_t i = 0; i < count; i++) {
            (void)fcntl(inherited[i], F_SETFD, 0);
        }
        execvp(argv[0], argv);
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    return pid;
}

static void bench_greet(Bench *bench)
{
    g_autofree char *greeting = bench_wire_line(&bench->monitor);
    g_autoptr(JsonNode) result = NULL;

    assert_non_null(strstr(greeting, "QMP"));
    result = bench_command(bench, "{\"execute\":\"qmp_capabilities\"}\n");
    assert_non_null(result);
}

/* Waits until a save or restore is over. */
static void bench_await_migration(Bench *bench)
{
    for (int i = 0; i < BENCH_WAIT_MS; i++) {
        g_autoptr(JsonNode) result = bench_command(bench, "{\"execute\":\"query-migrate\"}\n");
        JsonObject *migration = result ? json_node_get_object(result) : NULL;
        const char *status = "none";

        if (migration && json_object_has_member(migration, "status")) {
            status = json_object_get_string_member(migration, "status");
        }
        if (strcmp(status, "completed") == 0) {
            return;
        }
        if (strcmp(status, "failed") == 0) {
            break;
        }
        g_usleep(1000);
    }
    fail_msg("the state was not saved or restored");
}

static void bench_migrate(Bench *bench, const char *command, const char *path)
{
    g_autofree char *line = g_strdup_printf(
        "{\"execute\":\"%s\",\"arguments\":{\"uri\":\"file:%s\"}}\n", command, path);
    g_autoptr(JsonNode) result = bench_command(bench, line);

    assert_non_null(result);
    bench_await_migration(bench);
}

void bench_save(Bench *bench, const char *path)
{
    g_autoptr(JsonNode) result = NULL;

    bench_migrate(bench, "migrate", path);
    result = bench_command(bench, "{\"execute\":\"cont\"}\n");
    assert_non_null(result);
}

/* With `incoming` the machine waits for its state. */
static Bench *bench_open_with(const char *rom_path, bool incoming)
{
    const char *program = g_getenv("QEMU");
    Bench *bench = g_new0(Bench, 1);
    int far_ends[2];
    size_t far_count = 1;
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_auto(GStrv) argv = NULL;
    g_autofree char *monitor = NULL;
    g_autofree char *test = NULL;

    bench_wire_open(&bench->monitor, &far_ends[0]);
    monitor = g_strdup_printf("socket,id=monitor,fd=%d", far_ends[0]);
    g_strv_builder_add_many(words, program ? program : "build/qemu-system-arm", "-M", "lockstep",
                            "-display", "none", "-nodefaults", "-chardev", monitor, "-mon",
                            "chardev=monitor,mode=control", NULL);
    if (rom_path) {
        bench->test.fd = -1;
        g_strv_builder_add_many(words, "-bios", rom_path, "-icount", "shift=3,sleep=off", NULL);
    } else {
        bench_wire_open(&bench->test, &far_ends[far_count++]);
        test = g_strdup_printf("socket,id=test,fd=%d", far_ends[1]);
        g_strv_builder_add_many(words, "-accel", "qtest", "-chardev", test, "-qtest",
                                "chardev:test", "-qtest-log", "none", NULL);
    }
    if (incoming) {
        g_strv_builder_add_many(words, "-incoming", "defer", NULL);
    }
    argv = g_strv_builder_end(words);
    bench->pid = bench_start(argv, far_ends, far_count);
    for (size_t i = 0; i < far_count; i++) {
        close(far_ends[i]);
    }
    bench_greet(bench);
    if (!rom_path) {
        g_free(bench_ask(bench, "irq_intercept_in " BENCH_PROCESSOR "\n"));
    }
    return bench;
}

Bench *bench_open(void)
{
    return bench_open_with(NULL, false);
}

Bench *bench_open_running(const char *rom_path)
{
    return bench_open_with(rom_path, false);
}

void bench_close(Bench *bench)
{
    int status = 0;

    bench_fetch_calls(bench);
    bench_wire_send(&bench->monitor, "{\"execute\":\"quit\"}\n");
    if (waitpid(bench->pid, &status, 0) != bench->pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0) {
        fail_msg("the machine ended badly: status 0x%x", (unsigned)status);
    }
    bench_wire_close(&bench->test);
    bench_wire_close(&bench->monitor);
    g_queue_clear_full(&bench->calls, g_free);
    g_free(bench);
}

Bench *bench_open_saved(const char *path, int64_t now_ns)
{
    Bench *bench = bench_open_with(NULL, true);

    /* The bench's clock is no part of the state. */
    if (now_ns > 0) {
        g_free(bench_askf(bench, "clock_set %" PRId64 "\n", now_ns));
    }
    bench_migrate(bench, "migrate-incoming", path);
    bench_forget_calls(bench);
    return bench;
}

int bench_setup(void **state)
{
    *state = bench_open();
    return 0;
}

int bench_teardown(void **state)
{
    bench_close(*state);
    return 0;
}
