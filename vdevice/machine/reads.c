/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of what somebody else could change between two reads.
 *
 *  R1  Counting changes nothing that the guest sees: a cover gives what the memory under it gives,
 *      and time is instructions. Without OBSERVE_READS at POWER_ON the covers are off.
 *  R2  Numbers depend on the executed program and on the devices' reads alone: not on what is
 *      remembered, told, or made to go wrong.
 *  R3  What is remembered (places, series, what was told) decides which calls are made, nothing
 *      else; it is kept only with OBSERVE_REREADS.
 *  R4  A page of places that is not `touched` is as in `kept`; one that is not `used` is all zero.
 *  R5  What was told is a table that only grows: a state that was saved is a prefix of it, in the
 *      order in which it grew.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "exec/address-spaces.h"
#include "exec/exec-all.h"
#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "tcg/insn-start-words.h"
#include "tcg/tcg.h"
#include "cpu.h"
#include "checkpoint.h"
#include "hostlink.h"
#include "reads.h"
#include "sram.h"
#include "vdevice/contract/memory_map.h"

#define READS_SOURCES      (HOSTLINK_READ_NIC_LENGTH + 1)
#define READS_PAGE_BYTES   4096u
#define READS_TOLD_SLOTS   (2 * HOSTLINK_REREADS_MAX)
#define READS_STACK_WORDS  64 /* looked through for return addresses */
#define READS_CALLERS      3  /* at most so many are taken */
#define READS_PIECE_MAX    8
#define READS_SERIES_MAX   16 /* of one series: records follow one another, and images are long */

/* Of one source: who read each byte last; 0: nobody since POWER_ON. */
typedef struct ReadsPlaces {
    ReadsCover *cover; /* NULL: a register */
    uint32_t pages;
    uint32_t *places; /* per byte; NULL before the first use, then so are all */
    uint32_t *kept;   /* at the last SAVE */
    bool *used;       /* per page: R4 */
    bool *kept_used;
    bool *touched;
} ReadsPlaces;

/* Reads again, one after the other, by the same pair of places. */
typedef struct ReadsSeries {
    uint32_t source;
    uint32_t next; /* offset */
    uint32_t place;
    uint32_t last_place;
    uint32_t position;
} ReadsSeries;

typedef struct Reads {
    ReadsPlaces sources[READS_SOURCES];
    bool counting;
    bool remembering;
    bool covered; /* whether the covers are on */
    uint64_t number;
    HostlinkReadFault fault; /* `at` 0: none */
    ReadsSeries series;
    uint64_t *told; /* a hash table of keys; 0: free */
    uint16_t *told_slots; /* in the order in which they were taken: R5 */
    uint32_t told_count;
    uint32_t kept_told_count;
} Reads;

static Reads reads;

QEMU_BUILD_BUG_ON(READS_TOLD_SLOTS > UINT16_MAX + 1);
QEMU_BUILD_BUG_ON((READS_TOLD_SLOTS & (READS_TOLD_SLOTS - 1)) != 0);

/* SplitMix64: draws, and with a state made of what is to be mixed, a hash. */
static uint64_t reads_draw(uint64_t state)
{
    uint64_t z = state + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* --- What is remembered ---------------------------------------------------------------------- */

static void reads_allocate(void)
{
    if (reads.told) {
        return;
    }
    reads.told = g_new0(uint64_t, READS_TOLD_SLOTS);
    reads.told_slots = g_new0(uint16_t, HOSTLINK_REREADS_MAX);
    for (uint32_t i = 0; i < READS_SOURCES; i++) {
        ReadsPlaces *source = &reads.sources[i];

        source->places = g_new0(uint32_t, source->pages * READS_PAGE_BYTES);
        source->kept = g_new0(uint32_t, source->pages * READS_PAGE_BYTES);
        source->used = g_new0(bool, source->pages);
        source->kept_used = g_new0(bool, source->pages);
        source->touched = g_new0(bool, source->pages);
    }
}

void reads_forget(uint32_t source_number, uint32_t offset, uint32_t bytes)
{
    ReadsPlaces *source = &reads.sources[source_number];

    if (!source->places || checkpoint_is_restoring()) {
        return; /* a restore knows itself what had been read */
    }
    while (bytes) {
        uint32_t page = offset / READS_PAGE_BYTES;
        uint32_t part = MIN(bytes, READS_PAGE_BYTES - offset % READS_PAGE_BYTES);

        if (source->used[page]) {
            memset(source->places + offset, 0, part * sizeof(*source->places));
            source->used[page] = part < READS_PAGE_BYTES;
            source->touched[page] = true;
        }
        offset += part;
        bytes -= part;
    }
}

static void reads_forget_all(void)
{
    for (uint32_t i = 0; i < READS_SOURCES; i++) {
        reads_forget(i, 0, reads.sources[i].pages * READS_PAGE_BYTES);
    }
    memset(&reads.series, 0, sizeof(reads.series));
}

/* Takes back what was told after the first `count`: the last first, so no search goes astray. */
static void reads_untell(uint32_t count)
{
    while (reads.told_count > count) {
        reads.told[reads.told_slots[--reads.told_count]] = 0;
    }
}

/* Whether this is to be told: nobody has been told, and there is room. */
static bool reads_tell(uint64_t key)
{
    uint32_t slot = key % READS_TOLD_SLOTS;

    key = key ? key : 1;
    while (reads.told[slot]) {
        if (reads.told[slot] == key) {
            return false;
        }
        slot = (slot + 1) % READS_TOLD_SLOTS;
    }
    if (reads.told_count == HOSTLINK_REREADS_MAX) {
        return false;
    }
    reads.told[slot] = key;
    reads.told_slots[reads.told_count++] = slot;
    return true;
}

static void reads_keep_source(ReadsPlaces *source)
{
    for (uint32_t page = 0; page < source->pages; page++) {
        if (source->touched[page]) {
            memcpy(source->kept + page * READS_PAGE_BYTES,
                   source->places + page * READS_PAGE_BYTES,
                   READS_PAGE_BYTES * sizeof(*source->kept));
            source->kept_used[page] = source->used[page];
            source->touched[page] = false;
        }
    }
}

static void reads_restore_source(ReadsPlaces *source)
{
    for (uint32_t page = 0; page < source->pages; page++) {
        if (source->touched[page]) {
            memcpy(source->places + page * READS_PAGE_BYTES,
                   source->kept + page * READS_PAGE_BYTES,
                   READS_PAGE_BYTES * sizeof(*source->places));
            source->used[page] = source->kept_used[page];
            source->touched[page] = false;
        }
    }
}

static void reads_keep(void *opaque)
{
    reads.kept_told_count = reads.told_count;
    if (reads.told) {
        for (uint32_t i = 0; i < READS_SOURCES; i++) {
            reads_keep_source(&reads.sources[i]);
        }
    }
}

static void reads_restore(void *opaque)
{
    if (reads.told) {
        reads_untell(reads.kept_told_count);
        for (uint32_t i = 0; i < READS_SOURCES; i++) {
            reads_restore_source(&reads.sources[i]);
        }
    }
}

/* --- Where the program is --------------------------------------------------------------------- */

/* Of the instruction that is reading: translated code keeps it up to date only in effect. */
static uint32_t reads_pc(CPUState *cpu)
{
    TranslationBlock *block = tcg_tb_lookup(cpu->mem_io_pc);
    uint64_t state[TARGET_INSN_START_WORDS];

    if (!block || !cpu_unwind_state_data(cpu, cpu->mem_io_pc, state)) {
        return 0;
    }
    /* As arm_restore_state_to_opc() does, which would change the processor under the block. */
    if (tb_cflags(block) & CF_PCREL) {
        return (cpu_env(cpu)->regs[15] & TARGET_PAGE_MASK) | state[0];
    }
    return state[0];
}

/* Whether a call may return to that: a BL or BLX stands before it, in the ROM or the window. */
static bool reads_is_return(uint32_t address)
{
    uint32_t at = address - 1;
    bool is_code = (at >= ROM_BASE + 4 && at < ROM_BASE + ROM_BYTES) ||
                   (at >= WINDOW_BASE + 4 && at < WINDOW_BASE + WINDOW_BYTES);
    uint8_t before[4];

    if (!(address & 1) || !is_code ||
        address_space_read(&address_space_memory, at - 4, MEMTXATTRS_UNSPECIFIED, before,
                           sizeof(before)) != MEMTX_OK) {
        return false;
    }
    return ((lduw_le_p(before) & 0xf800) == 0xf000 && (lduw_le_p(before + 2) & 0xd000) == 0xd000) ||
           (lduw_le_p(before + 2) & 0xff87) == 0x4780;
}

/* The program counter and who seems to have called, in one word that is not 0. */
static uint32_t reads_place(CPUState *cpu, uint32_t pc)
{
    CPUARMState *env = cpu_env(cpu);
    uint32_t sp = env->regs[13];
    uint64_t hash = reads_draw(pc);
    uint8_t stack[READS_STACK_WORDS * 4];
    uint32_t words = 0;
    uint32_t callers = 0;

    if (reads_is_return(env->regs[14])) {
        hash = reads_draw(hash ^ env->regs[14]);
    }
    if (sp % 4 == 0 && sp >= SRAM_BASE && sp < SRAM_BASE + SRAM_BYTES) {
        words = MIN(READS_STACK_WORDS, (SRAM_BASE + SRAM_BYTES - sp) / 4);
    }
    if (address_space_read(&address_space_memory, sp, MEMTXATTRS_UNSPECIFIED, stack, words * 4) !=
        MEMTX_OK) {
        words = 0;
    }
    for (uint32_t i = 0; i < words && callers < READS_CALLERS; i++) {
        uint32_t word = ldl_le_p(stack + i * 4);

        if (reads_is_return(word)) {
            hash = reads_draw(hash ^ word);
            callers++;
        }
    }
    return (uint32_t)hash ? (uint32_t)hash : 1;
}

/* --- A read ----------------------------------------------------------------------------------- */

/*
 * Whether a read is data that the device reads. An access by translated code leaves its address in
 * `mem_io_pc`; the translator, which fetches instructions, leaves 0, and so does what takes or
 * leaves an exception (qemu_wrap.c). A debugger and QEMU's monitor look from another thread than
 * the one that is the device.
 */
static bool reads_counts(MemTxAttrs attrs)
{
    if (!reads.counting || (hostlink_drives_time() && !qemu_in_vcpu_thread())) {
        return false;
    }
    return attrs.unspecified || (current_cpu && current_cpu->mem_io_pc);
}

/* Notes that the place has read there. Returns whether that is to be told as reading again. */
static bool reads_remember(const HostlinkRead *read, uint32_t place)
{
    ReadsPlaces *source = &reads.sources[read->source];
    ReadsSeries *series = &reads.series;
    uint32_t last_place = 0;
    uint64_t key;

    for (uint32_t i = read->bytes; i-- > 0;) {
        uint32_t *at = &source->places[read->offset + i];

        last_place = *at ? *at : last_place;
        *at = place;
    }
    for (uint32_t page = read->offset / READS_PAGE_BYTES;
         page <= (read->offset + read->bytes - 1) / READS_PAGE_BYTES; page++) {
        source->used[page] = true;
        source->touched[page] = true;
    }
    if (!last_place) {
        return false;
    }
    if (series->source == read->source && series->next == read->offset &&
        series->place == place && series->last_place == last_place) {
        series->position++;
    } else {
        series->position = 0;
    }
    series->source = read->source;
    series->next = read->offset + read->bytes;
    series->place = place;
    series->last_place = last_place;
    if (series->position >= READS_SERIES_MAX) {
        return false;
    }
    key = reads_draw((uint64_t)place << 32 | last_place);
    return reads_tell(reads_draw(key ^ series->position));
}

static void reads_call(uint32_t type, const HostlinkRead *read)
{
    HostlinkRead body = {
        .number = cpu_to_le64(read->number),
        .source = cpu_to_le32(read->source),
        .offset = cpu_to_le32(read->offset),
        .bytes = cpu_to_le32(read->bytes),
        .pc = cpu_to_le32(read->pc),
        .value = cpu_to_le64(read->value),
        .given = cpu_to_le64(read->given),
    };

    hostlink_call(type, &body, sizeof(body));
}

static uint64_t reads_go_wrong(const HostlinkRead *read)
{
    uint64_t ones = UINT64_MAX >> (64 - 8 * read->bytes);

    switch (reads.fault.kind) {
    case HOSTLINK_READ_ZEROS:
        return 0;
    case HOSTLINK_READ_ONES:
        return ones;
    default:
        return read->value ^ UINT64_C(1) << reads_draw(reads.fault.seed) % (8 * read->bytes);
    }
}

/* Counts a read of `value`, and returns what it gives. */
static uint64_t reads_count(uint32_t source, uint32_t offset, unsigned bytes, uint64_t value,
                            MemTxAttrs attrs)
{
    HostlinkRead read = {
        .number = ++reads.number, /* R2 */
        .source = source,
        .offset = offset,
        .bytes = bytes,
        .value = value,
        .given = value,
    };
    uint32_t place = 1; /* an accelerator */

    if (!attrs.unspecified) {
        read.pc = reads_pc(current_cpu);
        place = reads.remembering ? reads_place(current_cpu, read.pc) : 0;
    }
    if (reads.remembering && reads_remember(&read, place)) {
        reads_call(HOSTLINK_REREAD, &read);
    }
    if (reads.fault.at == read.number) {
        reads.fault.at = 0;
        read.given = reads_go_wrong(&read);
        if (read.given != value) {
            reads_call(HOSTLINK_READ_FAULTED, &read);
        }
    }
    return read.given;
}

/* --- Covers ----------------------------------------------------------------------------------- */

static MemTxResult reads_cover_read(void *opaque, hwaddr offset, uint64_t *ret_value,
                                    unsigned bytes, MemTxAttrs attrs)
{
    ReadsCover *cover = opaque;
    uint64_t value = ldn_le_p(cover->bytes + offset, bytes);

    *ret_value = reads_counts(attrs) ? reads_count(cover->source, offset, bytes, value, attrs)
                                     : value;
    return MEMTX_OK;
}

static MemTxResult reads_cover_write(void *opaque, hwaddr offset, uint64_t value, unsigned bytes,
                                     MemTxAttrs attrs)
{
    ReadsCover *cover = opaque;

    if (memory_region_is_romd(cover->memory)) {
        return MEMTX_ERROR;
    }
    stn_le_p(cover->bytes + offset, bytes, value);
    sram_changed(cover->memory, offset, bytes);
    reads_forget(cover->source, offset, bytes);
    return MEMTX_OK;
}

static const MemoryRegionOps reads_cover_ops = {
    .read_with_attrs = reads_cover_read,
    .write_with_attrs = reads_cover_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = READS_PIECE_MAX, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = READS_PIECE_MAX, .unaligned = true},
};

static void reads_add_source(uint32_t source, uint32_t bytes, ReadsCover *cover)
{
    assert(source < READS_SOURCES && !reads.told);
    reads.sources[source] = (ReadsPlaces){
        .cover = cover,
        .pages = DIV_ROUND_UP(bytes, READS_PAGE_BYTES),
    };
}

void reads_cover(ReadsCover *cover, Object *owner, uint32_t source, MemoryRegion *memory)
{
    uint64_t bytes = memory_region_size(memory);
    g_autofree char *frame = g_strdup_printf("%s.frame", memory_region_name(memory));
    g_autofree char *over = g_strdup_printf("%s.cover", memory_region_name(memory));

    cover->memory = memory;
    cover->bytes = memory_region_get_ram_ptr(memory);
    cover->source = source;
    memory_region_init(&cover->frame, owner, frame, bytes);
    memory_region_init_io(&cover->over, owner, &reads_cover_ops, cover, over, bytes);
    memory_region_set_enabled(&cover->over, false);
    memory_region_add_subregion(&cover->frame, 0, memory);
    memory_region_add_subregion_overlap(&cover->frame, 0, &cover->over, 1);
    reads_add_source(source, bytes, cover);
}

/* Puts the covers on or takes them off: a new map of memory, so only when it makes a difference. */
static void reads_put_covers(bool on)
{
    if (reads.covered == on) {
        return;
    }
    reads.covered = on;
    memory_region_transaction_begin();
    for (uint32_t i = 0; i < READS_SOURCES; i++) {
        if (reads.sources[i].cover) {
            memory_region_set_enabled(&reads.sources[i].cover->over, on);
        }
    }
    memory_region_transaction_commit();
}

/* --- Registers -------------------------------------------------------------------------------- */

void reads_add_register(uint32_t source, uint32_t bytes)
{
    reads_add_source(source, bytes, NULL);
}

uint64_t reads_register(uint32_t source, uint64_t value, unsigned bytes, MemTxAttrs attrs)
{
    return reads_counts(attrs) ? reads_count(source, 0, bytes, value, attrs) : value;
}

/* --- Orders and the life of a device ---------------------------------------------------------- */

void reads_fault(const HostlinkReadFault *fault)
{
    reads.fault = *fault;
}

/* For the lab: how many reads there have been. */
static void reads_look(void *opaque, uint32_t offset, uint8_t *ret_bytes, uint32_t bytes)
{
    uint64_t number = cpu_to_le64(reads.number);

    memcpy(ret_bytes, (const uint8_t *)&number + offset, bytes);
}

static const HostlinkSpace reads_space = {
    .bytes = sizeof(reads.number),
    .read = reads_look,
};

static void reads_begin(void *opaque, const HostlinkBegin *begin)
{
    reads.counting = false; /* covers stay: the next POWER_ON knows whether they are wanted */
    reads.remembering = false;
    reads.number = 0;
    memset(&reads.fault, 0, sizeof(reads.fault));
    reads_forget_all();
    reads_untell(0);
}

static void reads_power_on(void *opaque, uint64_t off_duration)
{
    reads.counting = hostlink_observes(HOSTLINK_OBSERVE_READS);
    reads.remembering = hostlink_observes(HOSTLINK_OBSERVE_REREADS);
    if (reads.remembering) {
        reads_allocate();
    }
    reads_forget_all();
    reads_put_covers(reads.counting);
}

static const HostlinkListener reads_listener = {
    .begin = reads_begin,
    .power_on = reads_power_on,
};

static int reads_post_load(void *opaque, int version)
{
    if (reads.remembering) {
        reads_allocate();
    }
    reads_put_covers(reads.counting);
    return 0;
}

static const VMStateDescription reads_vmstate = {
    .name = "lockstep-reads",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = reads_post_load,
    .fields = (const VMStateField[]){
        VMSTATE_BOOL(counting, Reads),
        VMSTATE_BOOL(remembering, Reads),
        VMSTATE_UINT64(number, Reads),
        VMSTATE_UINT64(fault.at, Reads),
        VMSTATE_UINT64(fault.seed, Reads),
        VMSTATE_UINT32(fault.kind, Reads),
        VMSTATE_UINT32(series.source, Reads),
        VMSTATE_UINT32(series.next, Reads),
        VMSTATE_UINT32(series.place, Reads),
        VMSTATE_UINT32(series.last_place, Reads),
        VMSTATE_UINT32(series.position, Reads),
        VMSTATE_END_OF_LIST()
    }
};

void reads_init(void)
{
    static const CheckpointMemory memory = {.keep = reads_keep, .restore = reads_restore};

    checkpoint_add(&reads_vmstate, &reads);
    checkpoint_add_memory(&memory, NULL);
    hostlink_listen(&reads_listener, NULL);
    hostlink_add_space(HOSTLINK_SPACE_READS, &reads_space, NULL);
}
