// SPDX-License-Identifier: MIT
// zlib: there and back again, with the smallest tables.
#include <string.h>
#include <zlib.h>
#include "cases.h"

static uint8_t plain[3000], packed[4000], again[3000];

// Half of it noise, half of it what can be found again.
uint64_t case_zlib(const uint8_t *bytes, uint32_t length)
{
    z_stream deflater = {0}, inflater = {0};
    for (uint32_t i = 0; i < sizeof plain; i++)
        plain[i] = i < length ? bytes[i] & 31 : plain[i - length / 3];
    if (deflateInit2(&deflater, 6, Z_DEFLATED, 9, 1, Z_DEFAULT_STRATEGY) != Z_OK)
        return 1;
    deflater.next_in = plain;
    deflater.avail_in = sizeof plain;
    deflater.next_out = packed;
    deflater.avail_out = sizeof packed;
    if (deflate(&deflater, Z_FINISH) != Z_STREAM_END || deflateEnd(&deflater) != Z_OK)
        return 2;
    inflater.next_in = packed;
    inflater.avail_in = (uInt)deflater.total_out;
    inflater.next_out = again;
    inflater.avail_out = sizeof again;
    if (inflateInit2(&inflater, 9) != Z_OK || inflate(&inflater, Z_FINISH) != Z_STREAM_END ||
        inflateEnd(&inflater) != Z_OK)
        return 3;
    if (memcmp(plain, again, sizeof plain) != 0)
        return 4;
    return crc32(deflater.total_out, packed, (uInt)deflater.total_out);
}
