/* SPDX-License-Identifier: MIT */

/*
 * Can an image, or the head of a reply that brings it, make the firmware's own code misbehave?
 *
 * The first byte chooses. 0: the rest is a response head, fed in pieces. Otherwise it is an image
 * as a slot may hold it, and as a server may offer it; it is judged, offered, taken and finished,
 * over the fake flash. Signatures are taken for good, or nothing behind them would ever be reached:
 * the function that checks them is replaced at link time.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/fake_flash.h"
#include "vdevice/firmware/core/http_response.h"
#include "vdevice/firmware/core/image.h"
#include "vdevice/firmware/core/slots.h"
#include "vdevice/firmware/core/trust.h"
#include "vdevice/firmware/core/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

Status __wrap_image_rules_signature(const ImageHeader *header);
Status __wrap_image_rules_key(const ImageHeader *header, const ImageTrust *trust);

Status __wrap_image_rules_signature(const ImageHeader *header)
{
    (void)header;
    return status_ok();
}

Status __wrap_image_rules_key(const ImageHeader *header, const ImageTrust *trust)
{
    (void)header;
    (void)trust;
    return status_ok();
}

static void fuzz_reply(const uint8_t *bytes, size_t count)
{
    HttpResponse response;
    http_response_init(&response);
    for (size_t at = 0; at < count && !response.done;) {
        size_t part = 1 + bytes[at] % 40u;
        size_t taken = 0;
        part = part < count - at ? part : count - at;
        if (!status_is_ok(http_response_feed(&response, bytes + at, part, &taken))) {
            return;
        }
        if (taken > part || (taken < part && !response.done)) {
            abort();
        }
        at += taken;
    }
}

/* Offers and takes the image as the application would. */
static void fuzz_update(const ImageHeader *header, const uint8_t *payload, size_t count)
{
    Journal journal;
    Store store;
    Update update;
    BootRecord boot = {.version = 0};
    journal_open(&journal);
    if (!status_is_ok(store_open(&store)) ||
        !status_is_ok(update_init(&update, &journal, &store, &boot)) ||
        !status_is_ok(update_offer(&update, header))) {
        return;
    }
    uint32_t left = update_left(&update);
    size_t part = count < left ? count : left;
    if (status_is_ok(update_write(&update, payload, part)) &&
        status_is_ok(update_finish(&update)) && journal.current.state != JOURNAL_STAGED) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    ImageTrust trust;
    ImageHeader header = {.magic = IMAGE_MAGIC};
    if (count < 1) {
        return 0;
    }
    if (bytes[0] == 0) {
        fuzz_reply(bytes + 1, count - 1);
        return 0;
    }
    bytes++;
    count--;
    memcpy(&header, bytes, count < sizeof header ? count : sizeof header);
    if (header.magic != IMAGE_MAGIC) { /* spare the fuzzer the obvious */
        header.magic = IMAGE_MAGIC;
        header.header_version = IMAGE_HEADER_VERSION;
        header.header_bytes = IMAGE_HEADER_BYTES;
        header.product_id = IMAGE_PRODUCT_ID;
        header.load_address = WINDOW_BASE + IMAGE_HEADER_BYTES;
        memset(header.reserved, 0, sizeof header.reserved);
    }
    const uint8_t *payload = bytes + (count < sizeof header ? count : sizeof header);
    size_t payload_bytes = count < sizeof header ? 0 : count - sizeof header;
    fake_flash_restore();
    nor_put(SLOT_A_OFFSET, &header, sizeof header);
    nor_put(SLOT_A_OFFSET + IMAGE_HEADER_BYTES, payload, (uint32_t)payload_bytes);
    trust_read(&trust);
    (void)image_check_slot(0, &trust, &header);
    fuzz_update(&header, payload, payload_bytes);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fake_flash_blank();
    fake_flash_save();
    return 0;
}
