/* SPDX-License-Identifier: MIT */
#include "vdevice/firmware/drivers/uart.h"

#include "vdevice/contract/memory_map.h"
#include "vdevice/contract/regs.h"
#include "vdevice/firmware/base/mmio.h"

static void uart_send(char byte)
{
    mmio_write(UART_BASE, UART_DATA, (uint32_t)(unsigned char)byte);
}

void uart_put(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_send(*text);
    }
}

void uart_put_decimal(uint32_t value)
{
    char digits[11];
    uint32_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    uart_put(digits + at);
}

void uart_put_hex(uint32_t value)
{
    for (uint32_t shift = 32; shift > 0;) {
        shift -= 4;
        uart_send("0123456789abcdef"[(value >> shift) & 15u]);
    }
}

void uart_end(void)
{
    uart_send('\n');
}

int uart_take(void)
{
    if ((mmio_read(UART_BASE, UART_STATUS) & REG_MASK(UART_STATUS_RX_READY)) == 0) {
        return -1;
    }
    return (int)(mmio_read(UART_BASE, UART_DATA) & 0xffu);
}
