// SPDX-License-Identifier: MIT
// /dev/random and /dev/urandom, and with them getrandom: a generator with "fast key erasure"
// (Bernstein 2017) over ChaCha20.
//
// There is one key, of 32 bytes. Whoever reads takes the first block that it makes: half of that is
// the next key, which takes its place at once, and the other half is the reader's own key, from
// which its bytes follow. So the bytes that were given cannot be worked out from the key that is
// there later, and readers disturb one another for one block only.
//
// Seeding: 32 bytes of the service `rng` are added to the key (exclusive or, then one step), before
// the first byte is given and again after a MiB or a minute. Where there is no such service, or it
// does not answer, the time is all that there is: good for shuffling, not for secrets. It is asked
// again each second until it answers. An attacker who reads this memory learns what comes until the
// next seed; so does who can guess the time where nothing else was there.
#include "device.h"

#include <string.h>
#include "chacha.h"
#include "core.h"
#include "entropy_client.h"
#include "manifest.h"
#include "mutex.h"
#include "state.h"

#define PIECE_BLOCKS 8
#define READ_MAX     65536u // bytes of one call
#define SEED_BYTES   (CHACHA_KEY_WORDS * sizeof(uint32_t))
#define RESEED_BYTES 1048576u       // that may follow from one seed
#define RESEED_NS    60000000000ull // that one may be old
#define RETRY_NS     1000000000ull  // after one that was not to be had

static struct mutex seeding; // held over the call: others wait only where there is no seed yet
static struct {
    struct mutex lock;
    uint32_t key[CHACHA_KEY_WORDS];
    bool seeded;         // by `rng`, at least once
    uint64_t given;      // bytes since then
    uint64_t seeded_at;  // when that was
    uint64_t not_before; // when to ask again
} generator;

// The compiler may leave out what nobody reads, so it is told that somebody does.
static void wipe(void *bytes, size_t n)
{
    memset(bytes, 0, n);
    __asm__ volatile("" ::"r"(bytes) : "memory");
}

// With the lock held: a new key, and one for the caller.
static void key_split(uint32_t own[CHACHA_KEY_WORDS])
{
    uint32_t block[CHACHA_BLOCK_WORDS];
    chacha_stream(generator.key, 0, block, 1);
    memcpy(generator.key, block, SEED_BYTES);
    memcpy(own, block + CHACHA_KEY_WORDS, SEED_BYTES);
    wipe(block, sizeof block);
}

// With the lock held. The time is added each time: it does no harm.
static void key_stir(const uint32_t seed[CHACHA_KEY_WORDS])
{
    uint32_t unused[CHACHA_KEY_WORDS];
    uint64_t now = core_time();
    for (int i = 0; i < CHACHA_KEY_WORDS; i++)
        generator.key[i] ^= seed[i];
    generator.key[0] ^= (uint32_t)now;
    generator.key[1] ^= (uint32_t)(now >> 32);
    key_split(unused);
}

// ---- Seeding ----

static bool seed_is_due(uint64_t now)
{
    mutex_lock(&generator.lock);
    bool old = generator.given >= RESEED_BYTES || now >= generator.seeded_at + RESEED_NS;
    bool due = (!generator.seeded || old) && now >= generator.not_before;
    mutex_unlock(&generator.lock);
    return due;
}

// Fills SEED from the service. 0, or what is wrong with it.
static int64_t seed_fetch(uint32_t seed[CHACHA_KEY_WORDS])
{
    int64_t buffer = core_rref_alloc(SEED_BYTES, 0);
    if (buffer < 0)
        return buffer;
    int64_t status = 0;
    for (uint32_t done = 0; done < SEED_BYTES && status == 0;) {
        RpcResult got = entropy_read(HANDLE_RNG, (rref_t)buffer, done, (uint32_t)SEED_BYTES - done);
        status = got.status;
        if (status == 0 && (!got.value || got.value > SEED_BYTES - done))
            status = -EIO;
        done += (uint32_t)got.value;
    }
    if (status == 0)
        status = core_rref_read((rref_t)buffer, 0, seed, SEED_BYTES);
    core_rref_fill((rref_t)buffer, 0, 0, SEED_BYTES);
    core_rref_free((rref_t)buffer);
    return status;
}

// Asks for a seed and takes it in. An error of our own side, where there was no seed before, is
// told: who tries again may get better bytes than the time makes.
static int64_t seed_renew(uint64_t now)
{
    uint32_t seed[CHACHA_KEY_WORDS] = {0};
    int64_t status = seed_fetch(seed);
    if ((status == -EINTR || status == -ENOMEM) && !generator.seeded)
        return status;
    mutex_lock(&generator.lock);
    if (status == 0) {
        generator.seeded = true;
        generator.seeded_at = now;
        generator.given = 0;
    } else {
        generator.not_before = now + RETRY_NS;
    }
    key_stir(seed);
    mutex_unlock(&generator.lock);
    wipe(seed, sizeof seed);
    return 0;
}

// Sees that there is a key, as good a one as can be had. -EINTR: the caller has to leave first.
static int64_t seed_look(void)
{
    int64_t status = 0;
    if (!seed_is_due(core_time()))
        return 0;
    if (!mutex_trylock(&seeding)) {
        if (generator.seeded)
            return 0; // that one does for now
        mutex_lock(&seeding);
    }
    uint64_t now = core_time();
    if (seed_is_due(now)) // perhaps it came meanwhile
        status = seed_renew(now);
    mutex_unlock(&seeding);
    return status;
}

// ---- Reading ----

static int64_t bytes_write(const struct transfer *transfer, uint32_t length,
                           const uint32_t key[CHACHA_KEY_WORDS])
{
    uint32_t words[PIECE_BLOCKS * CHACHA_BLOCK_WORDS];
    int64_t status = 0;
    for (uint32_t done = 0; done < length && status == 0;) {
        uint32_t n = length - done < sizeof words ? length - done : (uint32_t)sizeof words;
        uint32_t blocks = (n + CHACHA_BLOCK_BYTES - 1) / CHACHA_BLOCK_BYTES;
        chacha_stream(key, done / CHACHA_BLOCK_BYTES, words, blocks);
        status = core_rref_write(transfer->buffer, transfer->start + done, words, n);
        done += n;
    }
    wipe(words, sizeof words);
    return status;
}

static RpcResult random_read(const struct device *device, const struct transfer *transfer)
{
    uint32_t key[CHACHA_KEY_WORDS];
    uint32_t length = transfer->length < READ_MAX ? transfer->length : READ_MAX;
    (void)device;
    int64_t status = seed_look();
    if (status < 0)
        return rpc_error(status);
    mutex_lock(&generator.lock);
    generator.given += length;
    key_split(key);
    mutex_unlock(&generator.lock);
    status = bytes_write(transfer, length, key);
    wipe(key, sizeof key);
    return status < 0 ? rpc_error(status) : rpc_ok(length);
}

static RpcResult random_written(const struct device *device, const struct transfer *transfer)
{
    (void)device;
    return rpc_ok(transfer->length);
}

const struct device_operations random_operations = {
    .read = random_read,
    .write = random_written,
};

// ---- Update: the successor's first key follows from ours, until it gets a seed itself ----

void random_export(struct state_writer *writer)
{
    uint32_t key[CHACHA_KEY_WORDS];
    mutex_lock(&generator.lock);
    key_split(key);
    mutex_unlock(&generator.lock);
    state_write(writer, key, sizeof key);
}

void random_import(struct state_reader *reader)
{
    state_read(reader, generator.key, sizeof generator.key);
}
