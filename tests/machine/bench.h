/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A bench holds one machine on the table: powered, its processor held, its registers within reach.
 *
 * Hold in your head a chip tester. It reads and writes any address as the processor would, moves
 * virtual time by hand, watches the interrupt lines, gives the orders that a lab would give and
 * collects the calls that nobody answered. Time moves only in `bench_step`; a fresh bench stands at
 * zero with a device as new.
 *
 * Each bench is a process of its own, started by `bench_open` and ended by `bench_close`.
 *
 * Whatever goes wrong with the machine itself (it dies, hangs, or talks nonsense) fails the test
 * that is running. The program to start is $QEMU, or build/qemu-system-arm.
 *
 *     Bench *bench = bench_open();
 *     bench_write(bench, WATCHDOG_BASE + WATCHDOG_PERIOD_MS, 10);
 *     bench_step(bench, 10 * BENCH_MS);
 *     bench_close(bench);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vdevice/contract/hostlink.h"

#define BENCH_US             1000
#define BENCH_MS             1000000
#define BENCH_S              1000000000
#define BENCH_CALL_BYTES_MAX 4096

typedef struct Bench Bench;

/* A call of the machine (contract/hostlink.h). */
typedef struct BenchCall {
    uint32_t type;
    int64_t time;
    uint32_t bytes; /* of the body; what does not fit is cut off */
    uint8_t body[BENCH_CALL_BYTES_MAX];
} BenchCall;

/* Starts a machine whose processor executes nothing. */
Bench *bench_open(void);

/* Starts a machine that executes the raw binary at `rom_path`; nobody steps its time. */
Bench *bench_open_running(const char *rom_path);

/* Writes the whole state of the machine to a new file at `path` and goes on. */
void bench_save(Bench *bench, const char *path);

/*
 * Starts a machine in the state saved at `path` when the time was `now_ns`. Its calls start empty,
 * and its interrupt lines count as low until they change.
 */
Bench *bench_open_saved(const char *path, int64_t now_ns);

/* Ends the machine. It must still be alive and answering. */
void bench_close(Bench *bench);

/* Fixtures of cmocka: a fresh bench in `*state` for each test. */
int bench_setup(void **state);
int bench_teardown(void **state);

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

/* Reads or writes one aligned word. */
uint32_t bench_read(Bench *bench, uint32_t address);
void bench_write(Bench *bench, uint32_t address, uint32_t word);

/* Writes 1, 2, 4 or 8 bytes at any address, aligned or not, whether or not anything is there. */
void bench_poke(Bench *bench, uint32_t address, uint32_t width, uint64_t value);

/* Reads or writes plain memory. */
void bench_read_bytes(Bench *bench, uint32_t address, uint8_t *ret_bytes, size_t count);
void bench_write_bytes(Bench *bench, uint32_t address, const uint8_t *bytes, size_t count);

/* Sets `count` bytes of plain memory to `byte`. */
void bench_fill(Bench *bench, uint32_t address, uint8_t byte, size_t count);

/* Lets a reset or a loss of power happen that has been asked for. Time stands still. */
void bench_settle(Bench *bench);

/* Moves virtual time on by at least a nanosecond and returns what it is then. */
int64_t bench_step(Bench *bench, int64_t by_ns);

/* Whether the interrupt line into the processor is high. */
bool bench_irq(Bench *bench, unsigned line);

/* Gives an order of the lab. False if the machine refuses it as against the contract. */
bool bench_order(Bench *bench, uint32_t type, const void *body, size_t bytes);

/* The same for the many orders whose body is a HostlinkWord; being refused fails the test. */
void bench_order_word(Bench *bench, uint32_t type, uint32_t value);

/* Takes the oldest call not yet taken; false if there is none. */
bool bench_take_call(Bench *bench, BenchCall *ret_call);

/* Takes the oldest call, which must be this one with this HostlinkWord. */
void bench_expect_call(Bench *bench, uint32_t type, uint32_t value);

/* There is no call left to take. */
void bench_expect_silence(Bench *bench);

/* Drops all calls made so far. */
void bench_forget_calls(Bench *bench);

/* Reads a memory as the lab would (HOSTLINK_SPACE_...), whether or not the power is on. */
void bench_look(Bench *bench, uint32_t space, uint32_t offset, uint8_t *ret_bytes, uint32_t count);

/* Writes a memory, which must be powered off, or flips its bits. False if that is refused. */
bool bench_put(Bench *bench, uint32_t space, uint32_t offset, const uint8_t *bytes, uint32_t count);
bool bench_damage(Bench *bench, uint32_t space, uint32_t offset, const uint8_t *mask,
                  uint32_t count);

/* Takes the power away now; what that makes the machine say can be taken. */
void bench_power_off(Bench *bench);

/* Gives the power back after `off_ns`. */
void bench_power_on(Bench *bench, uint64_t off_ns);

/* Cuts the power, makes the device as new with that BEGIN, powers it on, forgets the calls. */
void bench_begin(Bench *bench, const HostlinkBegin *begin);

/* Cuts the power now, forgets the calls up to then, and gives it back after `off_ns`. */
void bench_power_cycle(Bench *bench, uint64_t off_ns);

/* Resets the system by software, with the power on, and forgets the calls up to then. */
void bench_reset(Bench *bench);
