/* SPDX-License-Identifier: MIT */

#include "sim/workers.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/bytes.h"

#define WORKERS_MAX 256

typedef struct Worker {
    pid_t pid;
    int fd;
    bool busy;
    unsigned tag;
    GString *reply; /* as far as it has come */
} Worker;

struct Workers {
    unsigned count;
    Worker *list;
    WorkersServe serve;
    void *user_data;
};

/* In a child: its end. */
static int serving_fd = -1;

/* A line that begins with a "+" says that another will follow. */
static bool answer(const char *mark, const char *reply)
{
    g_autofree char *framed = g_strconcat(mark, reply, "\n", NULL);
    return bytes_send(serving_fd, framed, strlen(framed));
}

void workers_say(const char *reply)
{
    if (!answer("+", reply)) {
        _exit(1); /* Nobody listens any more. */
    }
}

void workers_stay(unsigned index, unsigned count)
{
    cpu_set_t allowed;
    cpu_set_t own;
    unsigned processors = 0;
    unsigned at = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return; /* As well as it goes. */
    }
    processors = (unsigned)CPU_COUNT(&allowed);
    if (processors < 2 || count < processors) {
        return;
    }
    CPU_ZERO(&own);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && at++ == index % processors) {
            CPU_SET(cpu, &own);
        }
    }
    (void)sched_setaffinity(0, sizeof own, &own);
}

/* The child's life: a line in, a line out, until the parent is gone. */
static void serve(int fd, const Workers *workers)
{
    serving_fd = fd;
    FILE *requests = fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length = 0;
    while ((length = getline(&line, &room, requests)) > 0) {
        line[length - 1] = '\0';
        g_autofree char *reply = workers->serve(line, workers->user_data);
        if (!answer("", reply)) {
            break;
        }
    }
    free(line);
    fclose(requests);
}

static void start(Workers *workers, unsigned index)
{
    Worker *worker = &workers->list[index];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_error("cannot make a socket pair: %s", g_strerror(errno));
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0) {
        g_error("cannot start a worker: %s", g_strerror(errno));
    }
    if (pid == 0) {
        /* Even if the parent is killed: what it had started would write where another resumes. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        setpgid(0, 0);
        workers_stay(index, workers->count);
        signal(SIGINT, SIG_IGN);
        close(ends[0]);
        /* The ends of the others are the parent's alone. */
        for (unsigned i = 0; i < workers->count; i++) {
            if (i != index && workers->list[i].fd >= 0) {
                close(workers->list[i].fd);
            }
        }
        serve(ends[1], workers);
        workers->serve(NULL, workers->user_data);
        _exit(0);
    }
    close(ends[1]);
    worker->pid = pid;
    worker->fd = ends[0];
    worker->busy = false;
    g_string_truncate(worker->reply, 0);
}

Workers *workers_new(unsigned count, WorkersServe serve_request, void *user_data)
{
    Workers *workers = g_new0(Workers, 1);
    workers->count = CLAMP(count, 1, WORKERS_MAX);
    workers->list = g_new0(Worker, workers->count);
    workers->serve = serve_request;
    workers->user_data = user_data;
    for (unsigned i = 0; i < workers->count; i++) {
        workers->list[i].fd = -1;
        workers->list[i].reply = g_string_new(NULL);
    }
    for (unsigned i = 0; i < workers->count; i++) {
        start(workers, i);
    }
    return workers;
}

void workers_free(Workers *workers, bool kill_them)
{
    if (workers == NULL) {
        return;
    }
    for (unsigned i = 0; i < workers->count; i++) {
        Worker *worker = &workers->list[i];
        if (kill_them) {
            kill(-worker->pid, SIGKILL);
            kill(worker->pid, SIGKILL);
        }
        close(worker->fd);
    }
    for (unsigned i = 0; i < workers->count; i++) {
        waitpid(workers->list[i].pid, NULL, 0);
        g_string_free(workers->list[i].reply, TRUE);
    }
    g_free(workers->list);
    g_free(workers);
}

bool workers_send(Workers *workers, const char *request, unsigned tag)
{
    for (unsigned i = 0; i < workers->count; i++) {
        Worker *worker = &workers->list[i];
        if (worker->busy) {
            continue;
        }
        g_autofree char *framed = g_strconcat(request, "\n", NULL);
        worker->busy = true;
        worker->tag = tag;
        /* If it has died meanwhile, workers_wait will say so. */
        (void)!bytes_send(worker->fd, framed, strlen(framed));
        return true;
    }
    return false;
}

unsigned workers_busy(const Workers *workers)
{
    unsigned busy = 0;
    for (unsigned i = 0; i < workers->count; i++) {
        busy += workers->list[i].busy ? 1 : 0;
    }
    return busy;
}

/* A reply that is whole, or NULL. */
static char *take_reply(Worker *worker)
{
    char *feed = memchr(worker->reply->str, '\n', worker->reply->len);
    if (feed == NULL) {
        return NULL;
    }
    gssize length = feed - worker->reply->str;
    bool more = worker->reply->str[0] == '+';
    char *reply = g_strndup(worker->reply->str + (more ? 1 : 0), (gsize)(length - (more ? 1 : 0)));
    g_string_erase(worker->reply, 0, length + 1);
    worker->busy = more;
    return reply;
}

/* Reads what has come from one worker; true when its request is done with. */
static bool hear(Workers *workers, unsigned index, unsigned *ret_tag, char **ret_reply)
{
    Worker *worker = &workers->list[index];
    char bytes[65536];
    ssize_t count = read(worker->fd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) {
        return false;
    }
    if (count > 0) {
        g_string_append_len(worker->reply, bytes, count);
        char *reply = take_reply(worker);
        if (reply == NULL) {
            return false;
        }
        *ret_tag = worker->tag;
        *ret_reply = reply;
        return true;
    }
    bool was_busy = worker->busy;
    close(worker->fd);
    worker->fd = -1;
    kill(-worker->pid, SIGKILL); /* Whatever it had started. */
    waitpid(worker->pid, NULL, 0);
    start(workers, index);
    if (was_busy) {
        *ret_tag = worker->tag;
        *ret_reply = NULL;
    }
    return was_busy;
}

bool workers_wait(Workers *workers, int timeout_ms, unsigned *ret_tag, char **ret_reply)
{
    for (unsigned i = 0; i < workers->count; i++) {
        char *reply = take_reply(&workers->list[i]);
        if (reply != NULL) {
            *ret_tag = workers->list[i].tag;
            *ret_reply = reply;
            return true;
        }
    }
    struct pollfd polls[WORKERS_MAX];
    for (unsigned i = 0; i < workers->count; i++) {
        polls[i] = (struct pollfd){.fd = workers->list[i].fd, .events = POLLIN};
    }
    if (poll(polls, workers->count, timeout_ms) <= 0) {
        return false;
    }
    for (unsigned i = 0; i < workers->count; i++) {
        if (polls[i].revents != 0 && hear(workers, i, ret_tag, ret_reply)) {
            return true;
        }
    }
    return false;
}
