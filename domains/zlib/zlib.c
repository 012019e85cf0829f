// SPDX-License-Identifier: MIT
// Compression as a service. The library works on private copies of a few pages at a time: buffers
// of callers need have no address here, and may change while they are read.
#include <zlib.h>
#include "compress_server.h"
#include "domain.h"

#include <stdlib.h>

#define PIECE 16384

// One stream under way, with the pieces that go in and come out.
struct stream {
    z_stream z;
    rref_t source, target;
    uint32_t length, taken; // of the source
    uint32_t room, given;   // of the target
    uint8_t in[PIECE], out[PIECE];
};

// The error of the library as an errno.
static int64_t library_error(int code)
{
    switch (code) {
    case Z_MEM_ERROR:
        return -ENOMEM;
    case Z_STREAM_ERROR:
        return -EINVAL;
    default:
        return -EBADMSG;
    }
}

// Reads the next piece of the source once the last one is used up.
static int64_t piece_take(struct stream *stream)
{
    uint32_t n = stream->length - stream->taken;
    if (stream->z.avail_in || !n)
        return 0;
    if (n > PIECE)
        n = PIECE;
    int64_t status = core_rref_read(stream->source, stream->taken, stream->in, n);
    stream->taken += n;
    stream->z.next_in = stream->in;
    stream->z.avail_in = n;
    return status;
}

// Writes what came out to the target.
static int64_t piece_give(struct stream *stream)
{
    uint32_t n = PIECE - stream->z.avail_out;
    if (n > stream->room - stream->given)
        return -ENOSPC;
    int64_t status = n ? core_rref_write(stream->target, stream->given, stream->out, n) : 0;
    stream->given += n;
    stream->z.next_out = stream->out;
    stream->z.avail_out = PIECE;
    return status;
}

// Runs STEP (deflate or inflate) from the first piece to the end of the stream.
static int64_t stream_run(struct stream *stream, int (*step)(z_streamp, int))
{
    stream->z.next_out = stream->out;
    stream->z.avail_out = PIECE;
    for (;;) {
        int64_t status = piece_take(stream);
        if (status < 0)
            return status;
        int code = step(&stream->z, stream->taken == stream->length ? Z_FINISH : Z_NO_FLUSH);
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return library_error(code);
        uint32_t made = PIECE - stream->z.avail_out;
        status = piece_give(stream);
        if (status < 0 || code == Z_STREAM_END)
            return status;
        if (!made && !stream->z.avail_in && stream->taken == stream->length)
            return -EBADMSG; // the stream is cut
    }
}

// A stream on the heap, or NULL with the reason in *STATUS.
static struct stream *stream_open(rref_t source, uint32_t length, rref_t target, int64_t *status)
{
    int64_t available = core_rref_length(source), room = core_rref_length(target);
    *status = available < 0 ? available : room < 0 ? room : length > available ? -EINVAL : 0;
    if (*status < 0)
        return NULL;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        *status = -ENOMEM;
        return NULL;
    }
    stream->source = source;
    stream->target = target;
    stream->length = length;
    stream->room = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    return stream;
}

static RpcResult stream_close(struct stream *stream, int64_t status)
{
    uint32_t given = stream->given;
    free(stream);
    return status < 0 ? rpc_error(status) : rpc_ok(given);
}

RpcResult compress_do_deflate(rref_t source, uint32_t length, rref_t target, uint32_t level)
{
    int64_t status;
    if (level > 9)
        return rpc_error(-EINVAL);
    struct stream *stream = stream_open(source, length, target, &status);
    if (!stream)
        return rpc_error(status);
    int code = deflateInit(&stream->z, (int)level);
    status = code == Z_OK ? stream_run(stream, deflate) : library_error(code);
    deflateEnd(&stream->z);
    return stream_close(stream, status);
}

RpcResult compress_do_inflate(rref_t source, uint32_t length, rref_t target)
{
    int64_t status;
    struct stream *stream = stream_open(source, length, target, &status);
    if (!stream)
        return rpc_error(status);
    int code = inflateInit(&stream->z);
    status = code == Z_OK ? stream_run(stream, inflate) : library_error(code);
    inflateEnd(&stream->z);
    return stream_close(stream, status);
}
