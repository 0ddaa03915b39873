/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The hostlink: the one wire between the machine (in QEMU) and the lab, in lockstep.
 *
 * The machine calls out, the lab answers, and the machine stands still in between. Every externally
 * visible act of the device is one *call*: a HostlinkHeader and a body. The lab sends one *reply*:
 * a sequence of *orders*, each a HostlinkHeader and a body, closed by HOSTLINK_RUN (go on, and call
 * no later than `horizon`), HOSTLINK_RESTORE or HOSTLINK_QUIT. HOSTLINK_READ is answered at once by
 * a HOSTLINK_CONTENT call, in the middle of the reply, which gets no reply of its own; then the lab
 * goes on with its orders. There is no other traffic, no polling, no host clock.
 *
 * Time is the guest's virtual time in nanoseconds since the last HOSTLINK_BEGIN. It stands still
 * while the power is off; the lab keeps the offset. `instructions` counts executed instructions
 * since HOSTLINK_BEGIN. Calls at one instant come in the order in which they happened.
 *
 * Life of a machine: it starts with the power off and calls HELLO. The lab answers BEGIN (a new
 * device: all counters, memories and peripherals as new, flash all ones and OTP all zero unless
 * KEEP_NVM), WRITE orders for flash and OTP, and POWER_ON, RUN. After any POWER_LOST call it may
 * BEGIN again: one process serves many runs. RUN with the power off is an error.
 *
 * The transport is a stream socket inherited as a file descriptor (`-global
 * lockstep-hostlink.fd=N`). Both ends treat the other as hostile: any body of the wrong length, or
 * type not listed, closes the link; the machine then exits with code 3. All integers little-endian,
 * all structs packed by layout (no implicit padding). Without a descriptor the machine powers on at
 * once and calls nobody (register tests).
 *
 * NVM operations (flash program, flash erase, OTP program) are numbered from 1 since BEGIN, in the
 * order in which COMMAND was accepted. The number is the address of a fault.
 */

#include <stdint.h>

#define HOSTLINK_VERSION        1u
#define HOSTLINK_BODY_BYTES_MAX (4u << 20)

typedef struct HostlinkHeader {
    uint32_t type;         /* HOSTLINK_... */
    uint32_t body_bytes;   /* that follow this header */
    uint64_t time;         /* calls: now; orders: 0 */
    uint64_t instructions; /* calls: so far; orders: 0 */
} HostlinkHeader;

/* Calls, from the machine. */
enum {
    HOSTLINK_HELLO = 1,      /* HostlinkHello; the power is off */
    HOSTLINK_HORIZON = 2,    /* HostlinkHorizon: the horizon of RUN is reached */
    HOSTLINK_FRAME_SENT = 3, /* the frame's bytes */
    /* bytes, 1 to 256: up to and with a line feed, or when the device idles or dies */
    HOSTLINK_UART_SENT = 4,
    HOSTLINK_MOTOR = 5,       /* HostlinkWord: LOCKMECH_DRIVE_... */
    HOSTLINK_BOLT = 6,        /* HostlinkWord: position, when movement starts, ends, or stalls */
    HOSTLINK_LEDS = 7,        /* HostlinkWord: PANEL.LEDS */
    HOSTLINK_BUZZER = 8,      /* HostlinkWord: Hz */
    HOSTLINK_NVM_STARTED = 9, /* HostlinkNvmOperation, then its data; only if observed */
    HOSTLINK_NVM_DONE = 10,   /* HostlinkNvmOperation (no data); only if observed */
    HOSTLINK_PROGRESS = 11,   /* HostlinkWord: POWER.PROGRESS */
    /* HostlinkWord: FLASH_CTRL.WINDOW as the ROM leaves it: a slot starts */
    HOSTLINK_WINDOW_LOCKED = 12,
    /* HostlinkWord: POWER_RESET_CAUSE_...; power stays on; the reply's RUN lets it start again */
    HOSTLINK_RESET = 13,
    /* HostlinkPowerLost; the reply must hold POWER_ON or BEGIN, or QUIT */
    HOSTLINK_POWER_LOST = 14,
    HOSTLINK_CONTENT = 15, /* the bytes asked for by READ */
    /* HostlinkWord: 1 granted, 0 refused; right after PROBE takes effect */
    HOSTLINK_DEBUG_RESULT = 16,
    /* no body: the processor waits and nothing in the machine will ever wake it before the
       horizon; only sent when the horizon is HOSTLINK_NEVER */
    HOSTLINK_SLEEP_FOREVER = 17,
    /* no body: the state is kept (SAVE), or is again what it was (RESTORE); the calls and the
       execution that follow are the same in both cases, given the same orders */
    HOSTLINK_SAVED = 18,
    /* HostlinkRead: something that had been read before was read again; only if observed */
    HOSTLINK_REREAD = 19,
    /* HostlinkRead: a read has given something else than what is there (READ_FAULT); not called if
       what it was to give is there */
    HOSTLINK_READ_FAULTED = 20,
};

/* Orders, from the lab. */
enum {
    HOSTLINK_RUN = 101,      /* HostlinkRun: closes the reply */
    HOSTLINK_QUIT = 102,     /* no body: closes the reply; the machine exits with code 0 */
    HOSTLINK_BEGIN = 103,    /* HostlinkBegin; only with the power off */
    HOSTLINK_POWER_ON = 104, /* HostlinkPowerOn; only with the power off */
    /* HostlinkCut: lose power now, or arm a later loss; a later CUT replaces an armed one */
    HOSTLINK_CUT = 105,
    HOSTLINK_WRITE = 106,   /* HostlinkRange, then bytes; flash or OTP; only with the power off */
    HOSTLINK_READ = 107,    /* HostlinkRange: answered by CONTENT */
    HOSTLINK_FRAME = 108,   /* a frame arrives at the NIC: its bytes, 14 to NIC_FRAME_BYTES_MAX */
    HOSTLINK_KEY = 109,     /* HostlinkWord: a key is pressed (PANEL.KEY codes) */
    HOSTLINK_DOOR = 110,    /* HostlinkWord: 1 closed, 0 open */
    HOSTLINK_JAM = 111,     /* HostlinkWord: 1 the bolt is held where it is, 0 free */
    HOSTLINK_BATTERY = 112, /* HostlinkWord: millivolts; below POWER_BROWNOUT_MV sets BROWNOUT */
    HOSTLINK_LINK = 113,    /* HostlinkWord: 1 cable in, 0 out */
    HOSTLINK_UART_BYTES = 114, /* bytes to the UART receiver, 1 to 64 */
    HOSTLINK_OBSERVE = 115,    /* HostlinkWord: bits of HOSTLINK_OBSERVE_... from now on */
    HOSTLINK_PROBE = 116,      /* no body: a debug probe asks to attach; DEBUG_RESULT follows */
    HOSTLINK_TRNG_FAULT = 117, /* HostlinkWord: 1 the source is stuck from now on, 0 it works */
    /* HostlinkRange, then bytes: XORed into flash or OTP at once, power on or off: bit rot */
    HOSTLINK_DAMAGE = 118,
    HOSTLINK_BOLT_SET = 119, /* HostlinkWord: somebody turns the bolt by hand to this position */
    /* no body; only with the power on: keeps the device's whole state within the process, as it is
       before the next instruction and after the calls that this reply's orders bring about; SAVED
       follows. One state is kept: a later SAVE replaces it, BEGIN forgets it */
    HOSTLINK_SAVE = 120,
    /* no body; closes the reply, in place of RUN; with the power on or off: the device is as it was
       when it was saved, time and all; SAVED follows, at the time of the first */
    HOSTLINK_RESTORE = 121,
    /* HostlinkStop: the processor stops for the debugger; only with QEMU's gdb stub open */
    HOSTLINK_STOP = 122,
    /* HostlinkWear: cells that are worn out: operation `at` takes its time and ends like any other,
       but some of its bits stay as they were; a later WEAR replaces an earlier one */
    HOSTLINK_WEAR = 123,
    /* HostlinkReadFault: one read, by its number, gives something else than what is there, once; a
       later READ_FAULT replaces an earlier one. In time even in reply to that read's own REREAD.
       Only with HOSTLINK_OBSERVE_READS */
    HOSTLINK_READ_FAULT = 124,
};

enum {
    HOSTLINK_OBSERVE_NVM = 1,      /* NVM_STARTED and NVM_DONE calls */
    HOSTLINK_OBSERVE_PROGRESS = 2, /* PROGRESS calls (default on after BEGIN) */
    /* Counts what the device reads as data that somebody else could change between two reads; see
       HostlinkRead. Slower, otherwise without effect on the device. Off after BEGIN; only with the
       power off */
    HOSTLINK_OBSERVE_READS = 4,
    /* and REREAD calls for those that may fetch something twice; with HOSTLINK_OBSERVE_READS, and
       like it */
    HOSTLINK_OBSERVE_REREADS = 8,
};

/* Memories for READ, WRITE and DAMAGE. READ of SRAM works whether or not the power is on. */
enum {
    HOSTLINK_SPACE_FLASH = 1,
    HOSTLINK_SPACE_OTP = 2,
    HOSTLINK_SPACE_SRAM = 3,
    /* Only READ: a bit for each control-flow edge (a branch and where it went, hashed) executed
       since BEGIN; the same whenever the same instructions are executed. All zero unless the
       process was started with `-global lockstep-hostlink.edges=on`. */
    HOSTLINK_SPACE_EDGES = 4,
    /* Only READ, with HOSTLINK_OBSERVE_READS: 8 bytes, how many reads have been counted so far. */
    HOSTLINK_SPACE_READS = 5,
};

#define HOSTLINK_EDGES_BYTES 8192u

#define HOSTLINK_NEVER UINT64_MAX

/* What an interrupted NVM operation leaves behind. Random choices are drawn from `seed`. */
enum {
    HOSTLINK_TORN_NOTHING = 0, /* as if the operation had not started */
    /* `units` program units done (erase: that many units are ones), the rest untouched; units
       past the end count as all */
    HOSTLINK_TORN_PREFIX = 1,
    HOSTLINK_TORN_RANDOM = 2, /* each bit that was to change has or has not, by seed */
    /* erase: the first half of the sector is ones, the rest random between old and ones; program:
       first half of the units */
    HOSTLINK_TORN_HALF = 3,
    /* all done, but a seeded tenth of the changed bits are weak: they read right until `decay` ns
       after the next power-on, then flip back for good */
    HOSTLINK_TORN_WEAK = 4,
    HOSTLINK_TORN_COMPLETE = 5, /* all done; power is lost before the next instruction */
};

enum {
    HOSTLINK_CUT_DISARM = 0,
    HOSTLINK_CUT_NOW = 1,
    HOSTLINK_CUT_AT_TIME = 2,        /* `at`: virtual time */
    HOSTLINK_CUT_AT_INSTRUCTION = 3, /* `at`: before executing instruction number `at` */
    /* `at`: NVM operation number; torn as said, in the middle of its time (NOTHING: as it starts;
       COMPLETE: as it ends) */
    HOSTLINK_CUT_AT_NVM = 4,
};

typedef struct HostlinkHello {
    uint32_t version; /* HOSTLINK_VERSION */
    uint32_t reserved;
} HostlinkHello;

typedef struct HostlinkWord {
    uint32_t value;
    uint32_t reserved; /* 0 */
} HostlinkWord;

typedef struct HostlinkRun {
    uint64_t horizon; /* call no later than this time; HOSTLINK_NEVER if nothing is due */
} HostlinkRun;

typedef struct HostlinkHorizon {
    /* While the processor sleeps: the next time at which something inside the machine will wake it
       or change the mechanism, HOSTLINK_NEVER if nothing will. While it runs: the call's own time.
       Lets a lab with several devices skip their common idle time. */
    uint64_t idle_until;
} HostlinkHorizon;

typedef struct HostlinkBegin {
    uint64_t trng_seed;
    uint32_t bolt_position; /* permille */
    uint32_t door_closed;
    uint32_t battery_mv;
    uint32_t keep_nvm; /* 1: flash and OTP stay as they are */
    uint32_t
        wall_clock_cell; /* 1: the RTC's cell is good and `rtc_seconds` is its time; 0: INVALID */
    uint32_t reserved;
    uint64_t rtc_seconds;
} HostlinkBegin;

typedef struct HostlinkPowerOn {
    uint64_t off_duration; /* ns by which the RTC has moved on meanwhile */
} HostlinkPowerOn;

typedef struct HostlinkCut {
    uint32_t when; /* HOSTLINK_CUT_... */
    uint32_t torn; /* HOSTLINK_TORN_...: what becomes of an operation in progress at that moment */
    uint64_t at;
    uint64_t seed;
    uint32_t units; /* HOSTLINK_TORN_PREFIX */
    uint32_t reserved;
    uint64_t decay; /* HOSTLINK_TORN_WEAK */
} HostlinkCut;

typedef struct HostlinkStop {
    uint64_t at; /* before executing that instruction; a later STOP replaces an earlier one */
} HostlinkStop;

typedef struct HostlinkWear {
    uint64_t at;   /* NVM operation number; 0: none */
    uint64_t seed; /* which bits */
    uint32_t bits; /* how many of those that were to change; all if there are fewer */
    uint32_t reserved;
} HostlinkWear;

/*
 * A read of data that lies outside the device's own memory: by the processor, from flash by its own
 * address (not through the window, where programs and their constants are) and from the NIC's
 * receive buffer and RX_LENGTH; and by an accelerator, from flash. Numbered from 1 since BEGIN; one
 * access of 1 to 8 bytes is one read, and what an instruction or an accelerator reads beyond that
 * are several, as are the aligned pieces of what an instruction reads unaligned. Instructions and
 * vectors are not counted.
 *
 * REREAD is called for a read of bytes that have been read since the last POWER_ON and have not
 * been changed since (in flash by an operation or an order, in the NIC by the next frame, or none,
 * at the head of its queue), once for each triple of the place in the program that reads, the place
 * that read it last, and the position in an unbroken series of such reads; for the first 16 of a
 * series, and for at most HOSTLINK_REREADS_MAX in a run. A place is the program counter and up to
 * four return addresses: those in the link register and on the stack that follow a call instruction
 * in the boot ROM or the window. For an accelerator all places are one.
 */
#define HOSTLINK_REREADS_MAX 16384u

enum {
    HOSTLINK_READ_FLASH = 1,      /* offset in flash */
    HOSTLINK_READ_NIC_BUFFER = 2, /* offset in the receive buffer */
    HOSTLINK_READ_NIC_LENGTH = 3, /* offset 0 */
};

typedef struct HostlinkRead {
    uint64_t number;
    uint32_t source; /* HOSTLINK_READ_... */
    uint32_t offset; /* bytes */
    uint32_t bytes;  /* 1, 2, 4 or 8 */
    uint32_t pc;     /* of the instruction that reads; 0: an accelerator does */
    uint64_t value;  /* what is there, little-endian */
    uint64_t given;  /* what the reader gets: `value`, but for READ_FAULTED */
} HostlinkRead;

/* What the read gives instead. */
enum {
    HOSTLINK_READ_ZEROS = 1,
    HOSTLINK_READ_ONES = 2,
    HOSTLINK_READ_BIT = 3, /* one bit of it, drawn by `seed`, is not what it is */
};

typedef struct HostlinkReadFault {
    uint64_t at; /* number of the read; 0: none */
    uint64_t seed;
    uint32_t kind; /* HOSTLINK_READ_... */
    uint32_t reserved;
} HostlinkReadFault;

typedef struct HostlinkPowerLost {
    uint64_t nvm_operations; /* accepted since BEGIN */
    uint32_t torn_operation; /* 1: an operation was in progress and left as `torn` says */
    uint32_t torn;
    uint32_t changed_bits; /* how many bits of that operation had changed; the rest had not */
    uint32_t bolt_position;
} HostlinkPowerLost;

typedef struct HostlinkRange {
    uint32_t space;
    uint32_t offset; /* bytes */
    uint32_t bytes;  /* READ: at most HOSTLINK_BODY_BYTES_MAX; must lie inside the space */
    uint32_t reserved;
} HostlinkRange;

enum {
    HOSTLINK_NVM_PROGRAM = 1,
    HOSTLINK_NVM_ERASE = 2,
    HOSTLINK_NVM_OTP = 3,
};

typedef struct HostlinkNvmOperation {
    uint64_t number;
    uint32_t kind;
    uint32_t offset; /* flash offset, or OTP word index times 4 */
    uint32_t bytes;  /* program: length of the data that follows in NVM_STARTED; erase: the sector;
                        OTP: 4 */
    uint32_t reserved;
} HostlinkNvmOperation;

/* Constants of the supply and the mechanism that only machine and lab need. */
#define POWER_BROWNOUT_MV  4200u
#define LOCKMECH_TRAVEL_NS 600000000 /* 0.6 s from end to end */
#define LOCKMECH_STALL_NS  200000000
