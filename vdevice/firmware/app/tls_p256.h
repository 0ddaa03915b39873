/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * P-256 for mbedTLS, on the key accelerator behind the supervisor.
 *
 * tls_p256.c gives the seven functions that mbedTLS's P-256 driver (3rdparty/p256-m) is made of, so
 * that every curve operation of TLS and X.509 becomes one supervisor call. Ephemeral keys live in
 * the unprivileged half, where the session keys made from them live, too. The device's own key does
 * not: mbedTLS holds `tls_p256_device_key` in its place, and signing with that asks the supervisor.
 */

#include <stdint.h>

extern const uint8_t tls_p256_device_key[32];
