// SPDX-License-Identifier: MIT
// In place of domainlib's: the driver in the core is never replaced, so nobody calls what uses
// this.
#pragma once
#include <stdint.h>
#include "errno.h"
#include "kernel/abi/rpc.h"

#define STATE_KIND(a, b, c, d) 0u

struct state_writer {
    uint64_t unused;
};

struct state_reader {
    uint64_t unused;
};

#define handover_rehearse(schema)               ((void)(schema))
#define handover_rehearse_export(schema)        ((void)(schema))
#define state_write(writer, bytes, n)           ((void)(writer), (void)(bytes))
#define state_write_u64(writer, value)          ((void)(writer))
#define state_finish(writer, kind, schema)      rpc_error(-ENOSYS)
#define state_open(reader, state, kind, schema) ((void)(state))
#define state_read(reader, bytes, n)            ((void)(reader), (void)(bytes))
#define state_read_u64(reader)                  ((void)(reader), 0)
#define state_refuse(reader)                    ((void)(reader))
#define state_close(reader)                     ((int64_t)-ENOSYS)
