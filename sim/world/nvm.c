/* SPDX-License-Identifier: MIT */

#include "sim/world/nvm.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "sim/world/signature.h"

_Static_assert(G_BYTE_ORDER == G_LITTLE_ENDIAN, "layouts are read in place");

Nvm *nvm_new(void)
{
    Nvm *nvm = g_new0(Nvm, 1);
    nvm_clear(nvm);
    return nvm;
}

static void nvm_forget_outcomes(Nvm *nvm)
{
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        g_clear_pointer(&nvm->pending[i].outcome, g_bytes_unref);
    }
}

void nvm_free(Nvm *nvm)
{
    if (nvm != NULL) {
        nvm_forget_outcomes(nvm);
    }
    g_free(nvm);
}

void nvm_clear(Nvm *nvm)
{
    nvm_forget_outcomes(nvm);
    memset(nvm, 0, sizeof(*nvm));
    memset(nvm->flash, 0xff, sizeof(nvm->flash));
}

static void nvm_touch(Nvm *nvm, uint32_t offset, uint32_t byte_count)
{
    for (uint32_t at = offset / FLASH_SECTOR_BYTES; at * FLASH_SECTOR_BYTES < offset + byte_count;
         at++) {
        nvm->touched[at] = true;
    }
    for (unsigned slot = 0; slot < 2; slot++) {
        uint32_t base = slot == 0 ? SLOT_A_OFFSET : SLOT_B_OFFSET;
        if (offset < base + SLOT_BYTES && offset + byte_count > base) {
            nvm->image_known[slot] = false;
        }
    }
}

void nvm_put_flash(Nvm *nvm, uint32_t offset, const uint8_t *bytes, uint32_t byte_count)
{
    assert(offset <= FLASH_BYTES && byte_count <= FLASH_BYTES - offset);
    memcpy(nvm->flash + offset, bytes, byte_count);
    nvm_touch(nvm, offset, byte_count);
}

void nvm_put_otp(Nvm *nvm, uint32_t offset, const uint8_t *bytes, uint32_t byte_count)
{
    assert(offset <= sizeof(nvm->otp) && byte_count <= sizeof(nvm->otp) - offset);
    memcpy(nvm->otp + offset, bytes, byte_count);
    nvm->image_known[0] = nvm->image_known[1] = false;
}

bool nvm_start(Nvm *nvm, const HostlinkNvmOperation *operation, const uint8_t *data)
{
    nvm->operations = operation->number;
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        NvmPending *pending = &nvm->pending[i];
        if (pending->operation.number == 0) {
            pending->operation = *operation;
            if (operation->kind != HOSTLINK_NVM_ERASE) {
                memcpy(pending->data, data, operation->bytes);
            }
            return true;
        }
    }
    return false;
}

/* What byte `i` of an operation becomes where the cells are good. */
static uint8_t nvm_ideal(const Nvm *nvm, const NvmPending *pending, uint32_t i)
{
    const HostlinkNvmOperation *operation = &pending->operation;
    if (operation->kind == HOSTLINK_NVM_OTP) {
        return nvm->otp[operation->offset + i] | pending->data[i];
    }
    uint8_t old = nvm->flash[operation->offset + i];
    return operation->kind == HOSTLINK_NVM_ERASE ? 0xff : (uint8_t)(old & pending->data[i]);
}

static void nvm_apply(Nvm *nvm, const NvmPending *pending)
{
    const HostlinkNvmOperation *operation = &pending->operation;
    const uint8_t *outcome =
        pending->outcome == NULL ? NULL : g_bytes_get_data(pending->outcome, NULL);
    uint8_t *cells = operation->kind == HOSTLINK_NVM_OTP ? nvm->otp : nvm->flash;
    for (uint32_t i = 0; i < operation->bytes; i++) {
        cells[operation->offset + i] = outcome == NULL ? nvm_ideal(nvm, pending, i) : outcome[i];
    }
    if (operation->kind == HOSTLINK_NVM_OTP) {
        nvm->image_known[0] = nvm->image_known[1] = false;
    } else {
        nvm_touch(nvm, operation->offset, operation->bytes);
    }
}

unsigned nvm_changes(const Nvm *nvm, const HostlinkNvmOperation *operation)
{
    const uint8_t *cells = operation->kind == HOSTLINK_NVM_OTP ? nvm->otp : nvm->flash;
    unsigned bits = 0;
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        const NvmPending *pending = &nvm->pending[i];
        for (uint32_t at = 0;
             pending->operation.number == operation->number && at < operation->bytes; at++) {
            uint8_t apart = nvm_ideal(nvm, pending, at) ^ cells[operation->offset + at];
            bits += (unsigned)__builtin_popcount(apart);
        }
    }
    return bits;
}

unsigned nvm_expect(Nvm *nvm, const HostlinkNvmOperation *operation, const uint8_t *bytes)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        NvmPending *pending = &nvm->pending[i];
        if (pending->operation.number != operation->number) {
            continue;
        }
        g_clear_pointer(&pending->outcome, g_bytes_unref);
        pending->outcome = g_bytes_new(bytes, operation->bytes);
        for (uint32_t at = 0; at < operation->bytes; at++) {
            uint8_t apart = nvm_ideal(nvm, pending, at) ^ bytes[at];
            bits += (unsigned)__builtin_popcount(apart);
        }
    }
    return bits;
}

bool nvm_finish(Nvm *nvm, const HostlinkNvmOperation *operation)
{
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        NvmPending *pending = &nvm->pending[i];
        if (pending->operation.number == operation->number) {
            if (pending->operation.kind != operation->kind ||
                pending->operation.offset != operation->offset ||
                pending->operation.bytes != operation->bytes) {
                return false;
            }
            nvm_apply(nvm, pending);
            g_clear_pointer(&pending->outcome, g_bytes_unref);
            pending->operation.number = 0;
            return true;
        }
    }
    return false;
}

bool nvm_take_pending(Nvm *nvm, HostlinkNvmOperation *ret_operation)
{
    for (unsigned i = 0; i < NVM_PENDING_MAX; i++) {
        if (nvm->pending[i].operation.number != 0) {
            *ret_operation = nvm->pending[i].operation;
            g_clear_pointer(&nvm->pending[i].outcome, g_bytes_unref);
            nvm->pending[i].operation.number = 0;
            return true;
        }
    }
    return false;
}

const char *nvm_region(uint32_t kind, uint32_t offset)
{
    static const struct {
        uint32_t end;
        const char *name;
    } REGIONS[] = {
        {JOURNAL_OFFSET + JOURNAL_BYTES, "journal"}, {FACTORY_OFFSET + FACTORY_BYTES, "factory"},
        {STORE_OFFSET + STORE_BYTES, "store"},       {SLOT_A_OFFSET + SLOT_BYTES, "slot_a"},
        {SLOT_B_OFFSET + SLOT_BYTES, "slot_b"},
    };
    if (kind == HOSTLINK_NVM_OTP) {
        return "otp";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(REGIONS); i++) {
        if (offset < REGIONS[i].end) {
            return REGIONS[i].name;
        }
    }
    return "spare";
}

/* CRC-32 of IEEE 802.3, reflected, as the journal uses it. */
static uint32_t nvm_crc32(const uint8_t *bytes, size_t byte_count)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < byte_count; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
        }
    }
    return ~crc;
}

void nvm_seal_journal_record(JournalRecord *record)
{
    record->magic = JOURNAL_MAGIC;
    record->crc32 = nvm_crc32((const uint8_t *)record, offsetof(JournalRecord, crc32));
}

bool nvm_journal_record_at(const Nvm *nvm, uint32_t offset, JournalRecord *ret_record)
{
    if (offset - JOURNAL_OFFSET >= JOURNAL_BYTES) {
        return false;
    }
    uint32_t start = offset - (offset - JOURNAL_OFFSET) % JOURNAL_RECORD_BYTES;
    JournalRecord record;
    memcpy(&record, nvm->flash + start, sizeof(record));
    if (record.magic != JOURNAL_MAGIC ||
        record.crc32 != nvm_crc32((const uint8_t *)&record, offsetof(JournalRecord, crc32))) {
        return false;
    }
    *ret_record = record;
    return true;
}

bool nvm_journal(const Nvm *nvm, JournalRecord *ret_record)
{
    JournalRecord newest = {.sequence = 0};
    bool found = false;
    for (uint32_t at = 0; at < JOURNAL_BYTES; at += JOURNAL_RECORD_BYTES) {
        JournalRecord record;
        if (nvm_journal_record_at(nvm, JOURNAL_OFFSET + at, &record) &&
            (!found || record.sequence > newest.sequence)) {
            newest = record;
            found = true;
        }
    }
    if (found) {
        *ret_record = newest;
    }
    return found;
}

unsigned nvm_confirmed_slot(const Nvm *nvm)
{
    JournalRecord record;
    if (!nvm_journal(nvm, &record)) {
        return 0;
    }
    bool waiting = record.state == JOURNAL_STAGED || record.state == JOURNAL_TRIAL;
    return waiting ? (record.slot ^ 1u) & 1u : record.slot & 1u;
}

unsigned nvm_security_counter(const Nvm *nvm)
{
    unsigned ones = 0;
    for (unsigned i = 0; i < OTP_SECURITY_COUNTER_WORDS; i++) {
        uint32_t word;
        memcpy(&word, nvm->otp + (OTP_SECURITY_COUNTER_WORD + i) * 4u, sizeof(word));
        ones += (unsigned)__builtin_popcount(word);
    }
    return ones;
}

static bool nvm_key_is_fused(const Nvm *nvm, const uint8_t *public_key)
{
    static const uint8_t UNUSED[SIGNATURE_DIGEST_BYTES] = {0};
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    signature_sha256(public_key, sizeof(((ImageHeader *)NULL)->public_key), digest);
    for (unsigned i = 0; i < OTP_KEY_DIGESTS; i++) {
        const uint8_t *fused = nvm->otp + OTP_KEY_DIGEST_WORD * 4u + i * sizeof(digest);
        if (memcmp(fused, UNUSED, sizeof(UNUSED)) != 0 &&
            memcmp(fused, digest, sizeof(digest)) == 0) {
            return true;
        }
    }
    return false;
}

/* A word for the first thing wrong with the image; "" when nothing is. */
static const char *nvm_image_fault(const Nvm *nvm, uint32_t base, const ImageHeader *header)
{
    uint8_t digest[SIGNATURE_DIGEST_BYTES];
    if (header->magic != IMAGE_MAGIC) {
        return "magic";
    }
    if (header->header_version != IMAGE_HEADER_VERSION ||
        header->header_bytes != IMAGE_HEADER_BYTES) {
        return "header";
    }
    if (header->payload_bytes < IMAGE_PAYLOAD_BYTES_MIN ||
        header->payload_bytes > IMAGE_PAYLOAD_BYTES_MAX) {
        return "length";
    }
    if (!nvm_key_is_fused(nvm, header->public_key)) {
        return "key";
    }
    signature_sha256((const uint8_t *)header, IMAGE_SIGNED_BYTES, digest);
    if (!signature_is_good(header->public_key, digest, header->signature)) {
        return "signature";
    }
    signature_sha256(nvm->flash + base + IMAGE_HEADER_BYTES, header->payload_bytes, digest);
    if (memcmp(digest, header->payload_sha256, sizeof(digest)) != 0) {
        return "digest";
    }
    return "";
}

const NvmImage *nvm_image(Nvm *nvm, unsigned slot)
{
    assert(slot < 2);
    NvmImage *image = &nvm->image[slot];
    if (nvm->image_known[slot]) {
        return image;
    }
    uint32_t base = slot == 0 ? SLOT_A_OFFSET : SLOT_B_OFFSET;
    ImageHeader header;
    memcpy(&header, nvm->flash + base, sizeof(header));
    const char *why = nvm_image_fault(nvm, base, &header);
    *image = (NvmImage){
        .present = header.magic == IMAGE_MAGIC,
        .is_signed = why[0] == '\0',
        .version = header.version,
        .security_counter = header.security_counter,
        .release_sequence = header.release_sequence,
        .why = why,
    };
    if (image->is_signed && header.product_id != IMAGE_PRODUCT_ID) {
        image->why = "product";
    } else if (image->is_signed && header.security_counter < nvm_security_counter(nvm)) {
        image->why = "rollback";
    }
    image->allowed = image->why[0] == '\0';
    nvm->image_known[slot] = true;
    return image;
}

int nvm_confirmed_counter(Nvm *nvm)
{
    JournalRecord record = {.state = JOURNAL_CONFIRMED, .slot = 0};
    (void)nvm_journal(nvm, &record); /* Without any, slot A is the confirmed one. */
    const NvmImage *image = nvm_image(nvm, record.slot & 1u);
    return record.state == JOURNAL_CONFIRMED && image->is_signed ? (int)image->security_counter
                                                                 : -1;
}
