// SPDX-License-Identifier: MIT
#include "blk.h"

#define PAGE        4096
#define PIECE_LIMIT 262144 // more in one request gains nothing

// Offsets in the configuration space (virtio 1.2, 5.2.4)
#define CONFIG_CAPACITY 0  // u64, sectors of 512 bytes
#define CONFIG_SEG_MAX  12 // u32

struct blk_device blk_device;

// A piece of N bytes touches at most N / PAGE + 1 pages wherever it begins, each perhaps a segment
// of its own. One segment alone: a sector, which never crosses a page.
static uint32_t piece_limit(uint32_t segments)
{
    uint32_t limit = segments > 1 ? (segments - 1) * PAGE : BLOCK_SECTOR;
    return segments > PIECE_LIMIT / PAGE || limit > PIECE_LIMIT ? PIECE_LIMIT : limit;
}

static int64_t config_read(void)
{
    uint64_t sectors = 0;
    uint32_t segments = 1;
    int64_t status = core_virtio_config(HANDLE_DISK, CONFIG_CAPACITY, &sectors, sizeof sectors);
    if (status < 0)
        return status;
    if (device_has(FEATURE_SEG_MAX))
        status = core_virtio_config(HANDLE_DISK, CONFIG_SEG_MAX, &segments, sizeof segments);
    if (status < 0)
        return status;
    blk_device.size = sectors * BLOCK_SECTOR;
    blk_device.piece_max = piece_limit(segments);
    return 0;
}

// With a queue of QUEUE_SIZE, or of what the device can do where that is less.
static int64_t features_agree(void)
{
    const uint64_t wanted =
        FEATURE_SEG_MAX | FEATURE_READ_ONLY | FEATURE_BLOCK_SIZE | FEATURE_FLUSH;
    int64_t status = -EINVAL;
    for (uint32_t size = QUEUE_SIZE; size && status == -EINVAL; size /= 2)
        status = virtio_start(HANDLE_DISK, wanted, 1, size, &blk_device.features);
    return status;
}

int64_t device_start(void)
{
    int64_t status = features_agree();
    if (status < 0) {
        log_printf("the disk does not start: error %d", (int)-status);
        return status;
    }
    status = config_read();
    return status < 0 ? status : device_adopt();
}

int64_t device_adopt(void)
{
    int64_t irq = core_irq_event(HANDLE_DISK);
    if (irq < 0)
        return irq;
    blk_device.irq = (handle_t)irq;
    return 0;
}
