/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine `lockstep`: a Cortex-M33 and the blocks of the lock, at the addresses of the
 * contract.
 *
 * This file wires and implements nothing. The boot ROM is the raw image named by -bios; it is
 * copied into its region once, at start, because blobs registered with QEMU's loader are written
 * again at every reset, which throws their translated code away.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "hw/arm/armv7m.h"
#include "hw/arm/boot.h"
#include "hw/boards.h"
#include "hw/clock.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/sysbus.h"
#include "qapi/error.h"
#include "flash.h"
#include "hostlink.h"
#include "nic.h"
#include "otp.h"
#include "power.h"
#include "sram.h"
#include "timer.h"
#include "uart.h"
#include "vdevice/contract/memory_map.h"

#define BOARD_NO_IRQ      (-1)
#define BOARD_REGIONS_MAX 4
#define BOARD_BEHIND      (UINT64_C(1) << 36) /* out of reach of addresses of 32 bits */

#define TYPE_LOCKSTEP_MACHINE MACHINE_TYPE_NAME("lockstep")
OBJECT_DECLARE_SIMPLE_TYPE(BoardState, LOCKSTEP_MACHINE)

struct BoardState {
    MachineState parent_obj;

    ARMv7MState processor;
    MemoryRegion rom;
    Clock *clock;
};

typedef struct BoardBlock {
    const char *type;
    int irq;
    hwaddr bases[BOARD_REGIONS_MAX]; /* of its memory regions, up to the first zero */
    bool is_master;                  /* reads memory: takes the property "memory" */
} BoardBlock;

/* In order of creation, which is the order of reset and of notifications. */
static const BoardBlock board_blocks[] = {
    {TYPE_LOCKSTEP_SRAM, BOARD_NO_IRQ, {SRAM_BASE}},
    {TYPE_LOCKSTEP_POWER, POWER_IRQ, {POWER_BASE}},
    {TYPE_LOCKSTEP_FLASH,
     FLASH_CTRL_IRQ,
     {FLASH_CTRL_BASE, FLASH_BASE, WINDOW_BASE, BOARD_BEHIND}},
    {TYPE_LOCKSTEP_OTP, OTP_IRQ, {OTP_BASE}},
    {TYPE_LOCKSTEP_UART, UART_IRQ, {UART_BASE}},
    {TYPE_LOCKSTEP_TIMER, TIMER_IRQ, {TIMER_BASE}},
    {TYPE_LOCKSTEP_NIC, NIC_IRQ, {NIC_BASE, NIC_TX_BUFFER_BASE, NIC_RX_BUFFER_BASE}},
    {"lockstep-trng", BOARD_NO_IRQ, {TRNG_BASE}},
    {"lockstep-rtc", RTC_IRQ, {RTC_BASE}},
    {"lockstep-watchdog", BOARD_NO_IRQ, {WATCHDOG_BASE}},
    {"lockstep-lockmech", LOCKMECH_IRQ, {LOCKMECH_BASE}},
    {"lockstep-panel", PANEL_IRQ, {PANEL_BASE}},
    {"lockstep-debugport", BOARD_NO_IRQ, {DEBUGPORT_BASE}},
    {"lockstep-hashacc", HASHACC_IRQ, {HASHACC_BASE}, true},
    {"lockstep-pka", PKA_IRQ, {PKA_BASE}},
};

static void board_add_rom(BoardState *board)
{
    const char *name = MACHINE(board)->firmware;
    g_autofree char *image = NULL;
    g_autoptr(GError) error = NULL;
    gsize bytes;

    memory_region_init_rom(&board->rom, NULL, "lockstep.rom", ROM_BYTES, &error_fatal);
    memory_region_add_subregion(get_system_memory(), ROM_BASE, &board->rom);
    if (!name) {
        return;
    }
    if (!g_file_get_contents(name, &image, &bytes, &error)) {
        error_report("boot ROM: %s", error->message);
        exit(EXIT_FAILURE);
    }
    if (bytes > ROM_BYTES) {
        error_report("boot ROM: %s has %zu bytes, there is room for %u", name, (size_t)bytes,
                     ROM_BYTES);
        exit(EXIT_FAILURE);
    }
    memcpy(memory_region_get_ram_ptr(&board->rom), image, bytes);
}

static void board_add_processor(BoardState *board)
{
    DeviceState *processor;

    object_initialize_child(OBJECT(board), "processor", &board->processor, TYPE_ARMV7M);
    processor = DEVICE(&board->processor);
    qdev_prop_set_string(processor, "cpu-type", MACHINE(board)->cpu_type);
    qdev_prop_set_uint32(processor, "num-irq", CPU_IRQ_COUNT);
    qdev_prop_set_uint32(processor, "init-svtor", ROM_BASE);
    qdev_prop_set_uint32(processor, "mpu-s-regions", CPU_MPU_REGIONS);
    qdev_prop_set_uint32(processor, "mpu-ns-regions", CPU_MPU_REGIONS);
    board->clock = clock_new(OBJECT(board), "cpuclk");
    clock_set_hz(board->clock, CPU_CLOCK_HZ);
    qdev_connect_clock_in(processor, "cpuclk", board->clock);
    object_property_set_link(OBJECT(processor), "memory", OBJECT(get_system_memory()),
                             &error_abort);
    sysbus_realize(SYS_BUS_DEVICE(processor), &error_fatal);
}

static DeviceState *board_add_block(BoardState *board, const BoardBlock *block)
{
    DeviceState *dev = qdev_new(block->type);
    SysBusDevice *sbd = SYS_BUS_DEVICE(dev);
    const char *name = block->type + strlen("lockstep-");

    object_property_add_child(OBJECT(board), name, OBJECT(dev));
    if (block->is_master) {
        object_property_set_link(OBJECT(dev), "memory", OBJECT(get_system_memory()),
                                 &error_abort);
    }
    sysbus_realize_and_unref(sbd, &error_fatal);
    for (int i = 0; i < BOARD_REGIONS_MAX && block->bases[i]; i++) {
        sysbus_mmio_map(sbd, i, block->bases[i]);
    }
    if (block->irq != BOARD_NO_IRQ && sysbus_has_irq(sbd, 0)) {
        sysbus_connect_irq(sbd, 0, qdev_get_gpio_in(DEVICE(&board->processor), block->irq));
    }
    return dev;
}

static void board_init(MachineState *machine)
{
    BoardState *board = LOCKSTEP_MACHINE(machine);
    DeviceState *hostlink = qdev_new(TYPE_LOCKSTEP_HOSTLINK);

    board_add_rom(board);
    object_property_add_child(OBJECT(board), "hostlink", OBJECT(hostlink));
    sysbus_realize_and_unref(SYS_BUS_DEVICE(hostlink), &error_fatal);
    board_add_processor(board);
    for (size_t i = 0; i < ARRAY_SIZE(board_blocks); i++) {
        DeviceState *dev = board_add_block(board, &board_blocks[i]);

        if (!strcmp(board_blocks[i].type, TYPE_LOCKSTEP_POWER)) {
            qdev_connect_gpio_out_named(DEVICE(&board->processor), "SYSRESETREQ", 0,
                                        qdev_get_gpio_in_named(dev, "sysresetreq", 0));
        }
    }
    /* No kernel: this registers the processor's own reset. */
    armv7m_load_kernel(board->processor.cpu, NULL, 0, 0);
}

static void board_class_init(ObjectClass *klass, void *data)
{
    static const char *const cpu_types[] = {ARM_CPU_TYPE_NAME("cortex-m33"), NULL};
    MachineClass *mc = MACHINE_CLASS(klass);

    mc->desc = "Lockstep virtual smart lock (Cortex-M33)";
    mc->init = board_init;
    mc->max_cpus = 1;
    mc->default_cpu_type = ARM_CPU_TYPE_NAME("cortex-m33");
    mc->valid_cpu_types = cpu_types;
    mc->no_serial = 1;
    mc->no_parallel = 1;
    mc->no_floppy = 1;
    mc->no_cdrom = 1;
    mc->default_ram_size = 0;
}

static const TypeInfo board_info = {
    .name = TYPE_LOCKSTEP_MACHINE,
    .parent = TYPE_MACHINE,
    .instance_size = sizeof(BoardState),
    .class_init = board_class_init,
};

static void board_register_types(void)
{
    type_register_static(&board_info);
}

type_init(board_register_types)
