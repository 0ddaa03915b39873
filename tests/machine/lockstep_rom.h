/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What lockstep_rom can be asked to do: the test writes a LockstepTrial to the flash at
 * LOCKSTEP_ROM_TRIAL_OFFSET, and the ROM does it after every reset. An erased word is
 * LOCKSTEP_ROM_IDLE. Each start shows the reset cause on POWER.PROGRESS, and so does each trial
 * that lives on show what it found, as LOCKSTEP_ROM_SHOWS plus a value.
 */

#include "vdevice/contract/memory_map.h"

#define LOCKSTEP_ROM_TRIAL_OFFSET SPARE_OFFSET
#define LOCKSTEP_ROM_SHOWS        0x100u

/* Flash that the trials change: three programs of eight bytes, then an erase; and a fuse word. */
#define LOCKSTEP_ROM_PROGRAM_OFFSET STORE_OFFSET
#define LOCKSTEP_ROM_PROGRAMS       3u
#define LOCKSTEP_ROM_PROGRAM_BYTES  8u
#define LOCKSTEP_ROM_WORD           0x12345670u /* then its complement; one more for each program */
#define LOCKSTEP_ROM_ERASE_OFFSET   SLOT_B_OFFSET
#define LOCKSTEP_ROM_FUSE_WORD      100u
#define LOCKSTEP_ROM_FUSES          0x0000ffffu

/* The hostile trial runs what it finds here, with what it finds there in the registers. */
#define LOCKSTEP_ROM_CODE_OFFSET  SLOT_A_OFFSET
#define LOCKSTEP_ROM_CODE_BYTES   4096u
#define LOCKSTEP_ROM_TABLE_OFFSET (SLOT_A_OFFSET + 0x10000u)
#define LOCKSTEP_ROM_TABLE_WORDS  1088u

enum {
    LOCKSTEP_ROM_TICKS = 1,      /* wakes LOCKSTEP_ROM_TICK_COUNT times, works a little, sleeps */
    LOCKSTEP_ROM_OPERATIONS = 2, /* the flash and fuse operations above, asleep while they last */
    LOCKSTEP_ROM_LOCKUP = 3,     /* faults with the vector table out of reach */
    LOCKSTEP_ROM_LOCKUP_MASKED = 4, /* faults with faults masked */
    LOCKSTEP_ROM_RESET_REQUEST = 5, /* SYSRESETREQ */
    LOCKSTEP_ROM_STORE_FLASH = 6,   /* a store into the flash array must fault */
    LOCKSTEP_ROM_READ_WINDOW = 7,   /* a read of the closed window must fault */
    /* an unaligned load across 4 GiB must fault, and nothing more */
    LOCKSTEP_ROM_WRAP = 8,
    LOCKSTEP_ROM_SPEAK = 9,    /* half a line on the UART, then sleeps */
    LOCKSTEP_ROM_SPIN = 10,    /* runs for ever */
    LOCKSTEP_ROM_HOSTILE = 11, /* runs the code, on after every fault and reset */
    LOCKSTEP_ROM_REWRITE = 12, /* runs a function in flash, programs it, runs it again */
    LOCKSTEP_ROM_ECHO = 13,    /* sends back every frame that comes */
    /* shows from within an IT block, between exclusive accesses, in nested handlers, ... */
    LOCKSTEP_ROM_CONTEXTS = 14,
    LOCKSTEP_ROM_SRAM_CODE = 15, /* writes a function to SRAM, runs it, writes another there, ... */
    LOCKSTEP_ROM_DRIVE = 16,     /* moves the bolt to and fro: each write makes two calls */
    LOCKSTEP_ROM_READS = 17,     /* reads flash in every width, and shows what it read */
    /* reads flash again and again, and shows LOCKSTEP_ROM_AGAIN_... before each way of doing so */
    LOCKSTEP_ROM_READS_AGAIN = 18,
    LOCKSTEP_ROM_READS_FRAMES = 19, /* reads each frame and its length twice, and shows them */
    /* calls the function at LOCKSTEP_ROM_CODE_OFFSET with the address of the data, shows its result
     */
    LOCKSTEP_ROM_CALLS_FLASH = 20,
    /* calls the functions below, again and again, and shows what they return */
    LOCKSTEP_ROM_FUNCTIONS = 21,
    LOCKSTEP_ROM_STORE_WINDOW = 22,  /* a store into the open window must fault */
    LOCKSTEP_ROM_CLOSED_WINDOW = 23, /* so must code in the window, executed while it is closed */
};

#define LOCKSTEP_ROM_TICK_COUNT 4000u

/* Functions that the test puts into flash and changes while they are called, in this order. */
#define LOCKSTEP_ROM_FUNCTION_ARRAY  SLOT_A_OFFSET /* at the array's own address */
#define LOCKSTEP_ROM_FUNCTION_SLOT_A (SLOT_A_OFFSET + FLASH_SECTOR_BYTES) /* through the window */
/* at the same address */
#define LOCKSTEP_ROM_FUNCTION_SLOT_B (SLOT_B_OFFSET + FLASH_SECTOR_BYTES)
/* its first instruction begins in one sector and ends in the next */
#define LOCKSTEP_ROM_FUNCTION_ACROSS (SLOT_A_OFFSET + 3u * FLASH_SECTOR_BYTES - 2u)
/* shows its second argument by its first, the address of POWER.PROGRESS, before it returns */
#define LOCKSTEP_ROM_FUNCTION_SPEAKING (SLOT_A_OFFSET + 4u * FLASH_SECTOR_BYTES)
#define LOCKSTEP_ROM_FUNCTION_SPEAKS   0xfffu

/* What the trials that read find in flash, by the test's hand. */
#define LOCKSTEP_ROM_DATA_OFFSET (STORE_OFFSET + 0x2000u)
#define LOCKSTEP_ROM_DATA_BYTES  256u

enum {
    LOCKSTEP_ROM_AGAIN_FIRST = 1,   /* a word, once */
    LOCKSTEP_ROM_AGAIN_WORD = 2,    /* the same three times, from a loop elsewhere */
    LOCKSTEP_ROM_AGAIN_BYTES = 3,   /* six bytes at 16 in a loop, once */
    LOCKSTEP_ROM_AGAIN_SERIES = 4,  /* the same twice, from a loop elsewhere */
    LOCKSTEP_ROM_AGAIN_PROGRAM = 5, /* programs the first eight bytes, reads both words */
    LOCKSTEP_ROM_AGAIN_CHANGED = 6, /* reads the first once more */
    LOCKSTEP_ROM_AGAIN_HASH = 7,    /* has the first 64 bytes hashed */
    LOCKSTEP_ROM_AGAIN_HASHES = 8,  /* and twice more */
    LOCKSTEP_ROM_AGAIN_ERASE = 9,   /* erases all of it, reads the first word */
    LOCKSTEP_ROM_AGAIN_LONG = 10,   /* has all of the data's sector hashed three times */
    LOCKSTEP_ROM_AGAIN_WINDOW = 11, /* reads a word through the window, twice */
    LOCKSTEP_ROM_AGAIN_OVER = 12,
};
