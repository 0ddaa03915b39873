/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Remembers sums that were done: SHA-256 of payloads, and P-256 verifications.
 *
 * Every boot asks the real crypto_soft.c through these. An answer is given from memory only when
 * every byte that the function reads is equal, compared byte by byte, to those it was computed
 * from: point, hash and signature of a verification; all bytes of what is hashed. Both are pure
 * functions of these, so the answer is what computing it again would give.
 * `lane_crypto_check_every(n)` computes every nth remembered answer again and aborts if it differs.
 */

#include <stdint.h>

/* 0: never check; 1: remember nothing. */
void lane_crypto_check_every(uint32_t n);

/* Verifications asked for, and of those computed. */
void lane_crypto_counts(uint64_t *ret_asked, uint64_t *ret_computed);
