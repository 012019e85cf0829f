// SPDX-License-Identifier: MIT
// The handles of the domains that are tested with this folder's core.h.
#pragma once

#define DOMAIN_VERSION 2
#define DOMAIN_SCHEMA  2

enum { HANDLE_INITRD, HANDLE_RTC, HANDLE_RNG };
