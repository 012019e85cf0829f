// SPDX-License-Identifier: MIT
// What libext2fs wants of the internet: the byte order of its journal.
#pragma once
#include <machine/endian.h>

#define htonl(number) __builtin_bswap32(number)
#define ntohl(number) __builtin_bswap32(number)
#define htons(number) __builtin_bswap16(number)
#define ntohs(number) __builtin_bswap16(number)
