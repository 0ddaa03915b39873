/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU functions replaced at link time (wraps.txt), each with its reason. No upstream line is
 * carried; a wrapper either passes on to the original or does what the original cannot.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "exec/exec-all.h"
#include "exec/translator.h"
#include "hw/core/cpu.h"
#include "system/cpu-timers.h"
#include "system/cpus.h"
#include "cpu.h"
#include "internals.h"
#include "checkpoint.h"
#include "contents.h"
#include "edges.h"
#include "hostlink.h"
#include "supply.h"

void __real_icount_start_warp_timer(void);
void __wrap_icount_start_warp_timer(void);
bool __real_all_cpu_threads_idle(void);
bool __wrap_all_cpu_threads_idle(void);
int64_t __real_icount_percpu_budget(int cpu_count);
int64_t __wrap_icount_percpu_budget(int cpu_count);
bool __real_arm_cpu_tlb_fill_align(CPUState *cpu, CPUTLBEntryFull *ret_entry, vaddr address,
                                   MMUAccessType access, int mmu_index, MemOp op, int size,
                                   bool probe, uintptr_t retaddr);
bool __wrap_arm_cpu_tlb_fill_align(CPUState *cpu, CPUTLBEntryFull *ret_entry, vaddr address,
                                   MMUAccessType access, int mmu_index, MemOp op, int size,
                                   bool probe, uintptr_t retaddr);
void __real_translator_loop(CPUState *cpu, TranslationBlock *tb, int *max_insns, vaddr pc,
                            void *host_pc, const TranslatorOps *ops, DisasContextBase *db);
void __wrap_translator_loop(CPUState *cpu, TranslationBlock *tb, int *max_insns, vaddr pc,
                            void *host_pc, const TranslatorOps *ops, DisasContextBase *db);
void __real_arm_v7m_cpu_do_interrupt(CPUState *cpu);
void __wrap_arm_v7m_cpu_do_interrupt(CPUState *cpu);
void __real_cpu_single_step(CPUState *cpu, int enabled);
void __wrap_cpu_single_step(CPUState *cpu, int enabled);
void G_NORETURN __wrap_cpu_abort(CPUState *cpu, const char *format, ...) G_GNUC_PRINTF(2, 3);
void __real_tb_flush(CPUState *cpu);
void __wrap_tb_flush(CPUState *cpu);
void __real_cpu_get_tb_cpu_state(CPUARMState *env, vaddr *ret_pc, uint64_t *ret_cs_base,
                                 uint32_t *ret_flags);
void __wrap_cpu_get_tb_cpu_state(CPUARMState *env, vaddr *ret_pc, uint64_t *ret_cs_base,
                                 uint32_t *ret_flags);
void __real_tb_invalidate_phys_range(tb_page_addr_t start, tb_page_addr_t last);
void __wrap_tb_invalidate_phys_range(tb_page_addr_t start, tb_page_addr_t last);

/*
 * The main loop moves virtual time to the next timer when it sees the processor idle. It may look
 * between the end of the slice that halted the processor and its accounting; then the clock
 * overshoots by the instructions of that slice, about once in 150,000 idle periods, and a run is
 * not repeated. Time is moved by the vCPU thread alone instead (next wrapper), which knows when it
 * has accounted, so the main loop has nothing to do here.
 */
void __wrap_icount_start_warp_timer(void)
{
    if (!hostlink_drives_time()) {
        __real_icount_start_warp_timer();
    }
}

/*
 * The vCPU thread asks this before it sleeps until the main loop has moved time. With a lab it
 * lives through the idle time here and now: one thread, no hand-over, no race; and the call-outs of
 * an idle device cost no thread switch inside QEMU.
 */
bool __wrap_all_cpu_threads_idle(void)
{
    if (hostlink_drives_time() && qemu_in_vcpu_thread() && __real_all_cpu_threads_idle()) {
        hostlink_idle();
    }
    return __real_all_cpu_threads_idle();
}

/*
 * How many instructions the next slice may execute. A cut of the power at an instruction ends the
 * slice exactly there, and so does a stop for the debugger, which is then told as of a breakpoint.
 */
int64_t __wrap_icount_percpu_budget(int cpu_count)
{
    int64_t budget = __real_icount_percpu_budget(cpu_count);

    if (hostlink_drives_time()) {
        int64_t left = supply_instructions_left();

        if (supply_stop_is_due()) {
            cpu_handle_guest_debug(first_cpu);
        } else if (left <= 0) {
            supply_lose();
        } else {
            budget = MIN(budget, MIN(left, supply_stop_left()));
        }
    }
    return budget;
}

/*
 * QEMU does not model the lockup of an M-profile processor (a fault that cannot be taken) and
 * aborts the process. The chip's supervisor resets it, and a guest must not end the machine.
 * Anything else that is fatal to QEMU is a bug of the machine and stays fatal.
 */
void __wrap_cpu_abort(CPUState *cpu, const char *format, ...)
{
    va_list arguments;

    if (g_str_has_prefix(format, "Lockup: ") && qemu_in_vcpu_thread() && hostlink_is_powered()) {
        hostlink_lock_up();
        cpu->exception_index = EXCP_INTERRUPT;
        cpu_loop_exit(cpu);
    }
    va_start(arguments, format);
    fprintf(stderr, "lockstep: fatal in the processor: ");
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    cpu_dump_state(cpu, stderr, CPU_DUMP_FPU);
    abort();
}

/*
 * An unaligned access that begins under 4 GiB and ends over it asks this QEMU for a page at 4 GiB,
 * which a 32-bit processor does not have. It would be cached as page 0 with a host address 4 GiB
 * off: the guest's next access to page 0 then ends the process. The architecture leaves such an
 * access unpredictable; here it is an unaligned one that faults.
 *
 * Without Thumb, a program counter that is no multiple of four faults when it is executed, and that
 * counts as an instruction; but already here, where it does not, if its page happens not to be
 * cached. So it never does here.
 */
bool __wrap_arm_cpu_tlb_fill_align(CPUState *cpu, CPUTLBEntryFull *ret_entry, vaddr address,
                                   MMUAccessType access, int mmu_index, MemOp op, int size,
                                   bool probe, uintptr_t retaddr)
{
    if (address > UINT32_MAX) {
        if (probe) {
            return false;
        }
        arm_cpu_do_unaligned_access(cpu, address, access, mmu_index, retaddr);
    }
    if (access == MMU_INST_FETCH && !cpu_env(cpu)->thumb) {
        address = QEMU_ALIGN_DOWN(address, 4);
    }
    return __real_arm_cpu_tlb_fill_align(cpu, ret_entry, address, access, mmu_index, op, size,
                                         probe, retaddr);
}

/*
 * Loading a processor's state throws away all translated code, because whoever loads may have put
 * other code under it. A restore from memory says itself which memory has changed, byte for byte,
 * and translating the firmware again would cost a hundred times as much as the rest of it.
 */
void __wrap_tb_flush(CPUState *cpu)
{
    if (!checkpoint_is_restoring()) {
        __real_tb_flush(cpu);
    }
}

/*
 * Every block of guest code is translated here: the one place to add what marks its edges.
 */
void __wrap_translator_loop(CPUState *cpu, TranslationBlock *tb, int *max_insns, vaddr pc,
                            void *host_pc, const TranslatorOps *ops, DisasContextBase *db)
{
    __real_translator_loop(cpu, tb, max_insns, pc, host_pc, edges_translator(cpu, ops), db);
}

/*
 * Exceptions are taken and left here, and neither is an edge. What is read meanwhile (vectors, the
 * stacked registers) is no read of the program's: reads.c knows those by this address.
 */
void __wrap_arm_v7m_cpu_do_interrupt(CPUState *cpu)
{
    edges_forget();
    cpu->mem_io_pc = 0;
    __real_arm_v7m_cpu_do_interrupt(cpu);
}

/*
 * While a debugger steps, QEMU holds back interrupts and timers, since the host's clock would have
 * them come at every step. Here time stands still between two steps: with them, a run that is
 * stepped through is the same run, and a step over WFI comes to an end.
 */
void __wrap_cpu_single_step(CPUState *cpu, int enabled)
{
    if (hostlink_drives_time()) {
        enabled &= ~(SSTEP_NOIRQ | SSTEP_NOTIMER);
    }
    __real_cpu_single_step(cpu, enabled);
}

/*
 * What a block of translated code is looked up by, next to its address. The upper half of this
 * word is never used for this processor; with the number of the contents in it, code need not be
 * dropped when flash is rewritten, and is there again when the contents are.
 */
void __wrap_cpu_get_tb_cpu_state(CPUARMState *env, vaddr *ret_pc, uint64_t *ret_cs_base,
                                 uint32_t *ret_flags)
{
    __real_cpu_get_tb_cpu_state(env, ret_pc, ret_cs_base, ret_flags);
    *ret_cs_base |= (uint64_t)contents_at(*ret_pc) << 32;
}

/*
 * QEMU drops code because bytes have changed, which may be those of flash: a debugger can write
 * there.
 */
void __wrap_tb_invalidate_phys_range(tb_page_addr_t start, tb_page_addr_t last)
{
    contents_forget(start, last);
    __real_tb_invalidate_phys_range(start, last);
}
