/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From the vector table to C. Each program links one of the two start-up files and its linker
 * script (rom.ld, app.ld) and gives `startup_main`, which must not return, and `startup_fault`,
 * which takes every exception: this firmware enables none on purpose.
 */

_Noreturn void startup_main(void);
_Noreturn void startup_fault(void);
