/* SPDX-License-Identifier: MIT */

#include "sim/world/machine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/bytes.h"
#include "vdevice/contract/memory_map.h"

#define MACHINE_INBOX_BYTES 65536u
#define MACHINE_LAST_WORDS  600u
#define MACHINE_CALLS_LOOK  4096u    /* how many calls between two looks at the host's clock */
#define MACHINE_LATE_NS     1000000u /* how far a call may overshoot the horizon it was given */

struct Machine {
    pid_t pid; /* 0: adopted */
    int fd;
    int stderr_fd; /* -1: adopted */
    unsigned wall_timeout_s;
    unsigned run_timeout_s;
    gint64 restarted; /* by the host's clock, which only ever ends a run, with an error */
    bool broken;
    uint64_t calls;
    uint64_t horizon;
    GByteArray *orders;
    GByteArray *body;    /* of the last call */
    GByteArray *content; /* of the last READ */
    WireCall call;
    uint8_t inbox[MACHINE_INBOX_BYTES];
    size_t inbox_first;
    size_t inbox_bytes;
};

G_DEFINE_QUARK(machine - error - quark, machine_error)

/* The end of what the process wrote to standard error, one line, or "". */
static char *machine_last_words(Machine *machine)
{
    if (machine->stderr_fd < 0) {
        return g_strdup("");
    }
    off_t end = lseek(machine->stderr_fd, 0, SEEK_END);
    off_t start = end > (off_t)MACHINE_LAST_WORDS ? end - (off_t)MACHINE_LAST_WORDS : 0;
    char words[MACHINE_LAST_WORDS + 1] = {0};
    ssize_t got = pread(machine->stderr_fd, words, MACHINE_LAST_WORDS, start);
    words[got > 0 ? got : 0] = '\0';
    g_strchomp(g_strdelimit(words, "\n\r", ' '));
    char *valid = g_utf8_make_valid(words, -1);
    char *said = words[0] == '\0' ? g_strdup("") : g_strdup_printf("; it said: %s", valid);
    g_free(valid);
    return said;
}

G_GNUC_PRINTF(4, 5)
static bool machine_fail(Machine *machine, GError **error, MachineError code, const char *format,
                         ...)
{
    machine->broken = true;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *words = machine_last_words(machine);
    g_set_error(error, MACHINE_ERROR, code, "%s%s", text, words);
    return false;
}

static bool machine_receive(Machine *machine, uint8_t *ret_bytes, size_t bytes, GError **error)
{
    while (bytes > 0) {
        if (machine->inbox_bytes == 0) {
            ssize_t got = recv(machine->fd, machine->inbox, sizeof(machine->inbox), 0);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
                return machine_fail(machine, error, MACHINE_ERROR_SILENT,
                                    "the machine did not call for %u s of wall time",
                                    machine->wall_timeout_s);
            }
            if (got <= 0) {
                return machine_fail(machine, error, MACHINE_ERROR_DEAD,
                                    "the machine closed the hostlink");
            }
            machine->inbox_first = 0;
            machine->inbox_bytes = (size_t)got;
        }
        size_t taken = MIN(bytes, machine->inbox_bytes);
        memcpy(ret_bytes, machine->inbox + machine->inbox_first, taken);
        machine->inbox_first += taken;
        machine->inbox_bytes -= taken;
        ret_bytes += taken;
        bytes -= taken;
    }
    return true;
}

static bool machine_send_bytes(Machine *machine, const GByteArray *bytes, GError **error)
{
    if (bytes_send(machine->fd, bytes->data, bytes->len)) {
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return machine_fail(machine, error, MACHINE_ERROR_SILENT,
                            "the machine took no orders for %u s of wall time",
                            machine->wall_timeout_s);
    }
    return machine_fail(machine, error, MACHINE_ERROR_DEAD, "the machine closed the hostlink");
}

static bool machine_send(Machine *machine, GError **error)
{
    bool sent = machine_send_bytes(machine, machine->orders, error);
    g_byte_array_set_size(machine->orders, 0);
    return sent;
}

/* Reads one message whole into `body` and takes it apart. */
static bool machine_receive_call(Machine *machine, GByteArray *body, WireCall *ret_call,
                                 GError **error)
{
    HostlinkHeader header;
    if (!machine_receive(machine, (uint8_t *)&header, sizeof(header), error)) {
        return false;
    }
    GError *rule = NULL;
    if (wire_check_header(&header, &rule)) {
        g_byte_array_set_size(body, header.body_bytes);
        if (!machine_receive(machine, body->data, header.body_bytes, error)) {
            return false;
        }
        if (wire_parse(&header, body->data, ret_call, &rule)) {
            return true;
        }
    }
    machine_fail(machine, error, MACHINE_ERROR_RULES, "%s", rule->message);
    g_error_free(rule);
    return false;
}

static bool machine_fd_configure(Machine *machine)
{
    struct timeval wait = {.tv_sec = machine->wall_timeout_s};
    return setsockopt(machine->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
           setsockopt(machine->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0;
}

static Machine *machine_new(int fd, unsigned wall_timeout_s)
{
    Machine *machine = g_new0(Machine, 1);
    machine->fd = fd;
    machine->stderr_fd = -1;
    machine->wall_timeout_s = wall_timeout_s;
    machine->orders = g_byte_array_new();
    machine->body = g_byte_array_new();
    machine->content = g_byte_array_new();
    machine->horizon = HOSTLINK_NEVER;
    return machine;
}

static bool machine_greet(Machine *machine, GError **error)
{
    if (!machine_next_call(machine, error)) {
        return false;
    }
    if (machine->call.type != HOSTLINK_HELLO) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: the first call is %s, not HELLO",
                            wire_call_name(machine->call.type));
    }
    return true;
}

Machine *machine_adopt(int take_fd, unsigned wall_timeout_s, GError **error)
{
    g_autoptr(Machine) machine = machine_new(take_fd, wall_timeout_s);
    if (!machine_fd_configure(machine)) {
        machine_fail(machine, error, MACHINE_ERROR_START, "hostlink socket: %s", g_strerror(errno));
        return NULL;
    }
    return machine_greet(machine, error) ? g_steal_pointer(&machine) : NULL;
}

/* In the child: nothing but async-signal-safe calls from here to exec. */
G_GNUC_NORETURN
static void machine_child(char *const *argv, int link_fd, int stderr_fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(stderr_fd, STDERR_FILENO);
    fcntl(link_fd, F_SETFD, 0);
    execv(argv[0], argv);
    _exit(126);
}

/* QEMU's own choice is a gigabyte; all the code of a lock fits into this many times. */
#define MACHINE_TRANSLATIONS "tcg,tb-size=64"

static char **machine_arguments(const MachineOptions *options, int link_fd)
{
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_autofree char *icount = g_strdup_printf("shift=%d,sleep=off", CPU_ICOUNT_SHIFT);
    g_autofree char *link = g_strdup_printf("lockstep-hostlink.fd=%d", link_fd);
    g_strv_builder_add_many(argv, options->path, "-M", "lockstep", "-nodefaults", "-no-user-config",
                            "-accel", MACHINE_TRANSLATIONS, "-display", "none", "-monitor", "none",
                            "-serial", "none", "-icount", icount, "-bios", options->rom_path,
                            "-global", link, NULL);
    if (options->edges) {
        g_strv_builder_add_many(argv, "-global", "lockstep-hostlink.edges=on", NULL);
    }
    if (options->debugger_port != 0) {
        g_autofree char *stub = g_strdup_printf("tcp:127.0.0.1:%u", options->debugger_port);
        g_strv_builder_add_many(argv, "-gdb", stub, "-S", NULL);
    }
    return g_strv_builder_end(argv);
}

Machine *machine_start(const MachineOptions *options, GError **error)
{
    int ends[2];
    const char *paths[] = {options->path, options->rom_path};
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        if (access(paths[i], i == 0 ? X_OK : R_OK) != 0) {
            g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_START,
                        "%s: %s (build it with `make build`)", paths[i], g_strerror(errno));
            return NULL;
        }
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_set_error(error, MACHINE_ERROR, MACHINE_ERROR_START, "socket pair: %s",
                    g_strerror(errno));
        return NULL;
    }
    g_autoptr(Machine) machine = machine_new(ends[0], options->wall_timeout_s);
    machine->run_timeout_s = options->run_timeout_s;
    machine->stderr_fd = memfd_create("machine-stderr", MFD_CLOEXEC);
    g_auto(GStrv) argv = machine_arguments(options, ends[1]);
    pid_t parent = getpid();
    machine->pid = machine->stderr_fd < 0 ? -1 : fork();
    if (machine->pid == 0) {
        machine_child(argv, ends[1], machine->stderr_fd, parent);
    }
    int why = errno;
    close(ends[1]);
    if (machine->pid < 0 || !machine_fd_configure(machine)) {
        machine->pid = MAX(machine->pid, 0);
        machine_fail(machine, error, MACHINE_ERROR_START, "%s: %s", options->path, g_strerror(why));
        return NULL;
    }
    return machine_greet(machine, error) ? g_steal_pointer(&machine) : NULL;
}

void machine_free(Machine *machine)
{
    if (machine == NULL) {
        return;
    }
    close(machine->fd);
    if (machine->pid > 0) {
        kill(machine->pid, SIGKILL);
        while (waitpid(machine->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (machine->stderr_fd >= 0) {
        close(machine->stderr_fd);
    }
    g_byte_array_free(machine->orders, TRUE);
    g_byte_array_free(machine->body, TRUE);
    g_byte_array_free(machine->content, TRUE);
    g_free(machine);
}

void machine_quit(Machine *take_machine)
{
    if (take_machine != NULL && !take_machine->broken) {
        wire_append(take_machine->orders, HOSTLINK_QUIT, NULL, 0);
        g_autoptr(GError) ignored = NULL;
        if (!machine_send(take_machine, &ignored)) {
            g_clear_error(&ignored); /* it is about to be killed anyway */
        }
    }
    machine_free(take_machine);
}

const WireCall *machine_call(const Machine *machine)
{
    return &machine->call;
}

GByteArray *machine_orders(Machine *machine)
{
    return machine->orders;
}

bool machine_run(Machine *machine, uint64_t horizon, GError **error)
{
    HostlinkRun run = {.horizon = horizon};
    wire_append(machine->orders, HOSTLINK_RUN, &run, sizeof(run));
    machine->horizon = horizon;
    return machine_send(machine, error);
}

/* A guest may keep its lab busy for ever without its own clock coming far. */
static bool machine_has_time(Machine *machine, GError **error)
{
    if (machine->run_timeout_s == 0 || machine->calls % MACHINE_CALLS_LOOK != 0 ||
        g_get_monotonic_time() - machine->restarted <
            (gint64)machine->run_timeout_s * G_USEC_PER_SEC) {
        return true;
    }
    return machine_fail(machine, error, MACHINE_ERROR_SILENT,
                        "the run took more than %u s of wall time for %" G_GUINT64_FORMAT
                        " ms of device time",
                        machine->run_timeout_s, machine->call.time / 1000000u);
}

bool machine_restore(Machine *machine, GError **error)
{
    g_autoptr(GByteArray) restore = g_byte_array_new();
    WireCall call = machine->call;
    wire_append(restore, HOSTLINK_RESTORE, NULL, 0);
    machine->restarted = g_get_monotonic_time();
    if (!machine_send_bytes(machine, restore, error) || !machine_next_call(machine, error)) {
        return false;
    }
    if (machine->call.type != HOSTLINK_SAVED || machine->call.time != call.time ||
        machine->call.instructions != call.instructions) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: %s call where it was to be as it was saved",
                            wire_call_name(machine->call.type));
    }
    return true;
}

bool machine_next_call(Machine *machine, GError **error)
{
    uint64_t time_before = machine->call.time;
    uint64_t instructions_before = machine->call.instructions;
    WireCall call;
    if (!machine_receive_call(machine, machine->body, &call, error)) {
        return false;
    }
    if (call.type == HOSTLINK_CONTENT) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: CONTENT that nobody asked for");
    }
    if (call.type == HOSTLINK_HELLO && machine->calls > 0) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES, "hostlink: a second HELLO");
    }
    if (call.time < time_before || call.instructions < instructions_before) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: %s call goes back in time, from %" G_GUINT64_FORMAT
                            " to %" G_GUINT64_FORMAT " ns",
                            wire_call_name(call.type), time_before, call.time);
    }
    if (machine->horizon != HOSTLINK_NEVER && call.time > machine->horizon + MACHINE_LATE_NS) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: %s call at %" G_GUINT64_FORMAT
                            " ns overruns the horizon %" G_GUINT64_FORMAT,
                            wire_call_name(call.type), call.time, machine->horizon);
    }
    machine->call = call;
    machine->calls++;
    return machine_has_time(machine, error);
}

bool machine_read(Machine *machine, uint32_t space, uint32_t offset, uint32_t bytes,
                  uint8_t *ret_bytes, GError **error)
{
    assert(bytes <= HOSTLINK_BODY_BYTES_MAX);
    HostlinkRange range = {.space = space, .offset = offset, .bytes = bytes};
    wire_append(machine->orders, HOSTLINK_READ, &range, sizeof(range));
    WireCall content;
    if (!machine_send(machine, error) ||
        !machine_receive_call(machine, machine->content, &content, error)) {
        return false;
    }
    if (content.type != HOSTLINK_CONTENT || content.byte_count != bytes) {
        return machine_fail(machine, error, MACHINE_ERROR_RULES,
                            "hostlink: READ of %u bytes answered by %s of %zu", bytes,
                            wire_call_name(content.type), content.byte_count);
    }
    memcpy(ret_bytes, content.bytes, bytes);
    return true;
}

uint64_t machine_calls(const Machine *machine)
{
    return machine->calls;
}

bool machine_is_broken(const Machine *machine)
{
    return machine->broken;
}

void machine_restart_time(Machine *machine)
{
    machine->call.time = 0;
    machine->call.instructions = 0;
    machine->restarted = g_get_monotonic_time();
    machine->horizon = HOSTLINK_NEVER;
}
