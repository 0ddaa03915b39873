/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the lock asks its service, and where: HTTP/1.1 over TLS 1.3, both sides authenticated.
 *
 * The server's certificate must chain to the factory record's trust certificate, be valid at the
 * lock's time, and name CLOUD_HOST in its subject alternative names. The client's certificate is
 * the device certificate. Requests carry `Host`, and `Connection: close` on the last of a session;
 * bodies are counted by `Content-Length` (no chunking; a response without it is malformed).
 * Response heads are at most CLOUD_HEAD_BYTES_MAX.
 *
 *   GET  CLOUD_PATH_MANIFEST   200: exactly IMAGE_HEADER_BYTES, the newest release's ImageHeader;
 *                              204: no release for this lock
 *   GET  CLOUD_PATH_IMAGE      the payload behind that header. The lock always sends
 *                              `Range: bytes=N-`; 206 with `Content-Range: bytes N-LAST/TOTAL`, or
 *                              200 with the whole payload from byte 0
 *   POST CLOUD_PATH_REPORT     a JSON object, at most CLOUD_REPORT_BYTES_MAX, CloudReport below;
 * 204
 *
 * Report: {"device":"<32 hex>","sequence":N,"time":SECONDS,"version":"1.2.0","slot":"A",
 *          "boot":"confirmed|trial|reverted","reset":"power_on|software|watchdog|lockup",
 *          "bolt":"locked|unlocked|moving|jammed",
 *          "update":"none|refused|staged|confirmed|reverted",
 *          "status":"<last Status code, 8 hex>"}. `sequence` counts reports since provisioning.
 *
 * Time comes by SNTP (RFC 4330) from CLOUD_NTP_HOST before the first TLS session, and is then never
 * taken backwards by more than CLOUD_TIME_BACK_SECONDS_MAX against the last time kept in the store.
 */

#define CLOUD_HOST                  "updates.lockstep.test"
#define CLOUD_PORT                  443
#define CLOUD_NTP_HOST              "time.lockstep.test"
#define CLOUD_NTP_PORT              123
#define CLOUD_PATH_MANIFEST         "/v1/manifest"
#define CLOUD_PATH_IMAGE            "/v1/image"
#define CLOUD_PATH_REPORT           "/v1/report"
#define CLOUD_HEAD_BYTES_MAX        1024
#define CLOUD_REPORT_BYTES_MAX      512
#define CLOUD_TIME_BACK_SECONDS_MAX 300

/* How often, at the lock's own initiative (all with jitter of up to a quarter either way). */
#define CLOUD_CHECK_SECONDS       600 /* a session: report, then manifest */
#define CLOUD_BACKOFF_SECONDS_MIN 4   /* after a failed session: decorrelated jitter, random in */
#define CLOUD_BACKOFF_SECONDS_MAX 900 /* [MIN, min(MAX, 3 x the last wait)] */
