// SPDX-License-Identifier: MIT
// A service under verified load: requests whose answer is known, made through files.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum outcome {
    OUTCOME_RIGHT,
    OUTCOME_ERROR, /* refused or failed, and said so */
    OUTCOME_WRONG, /* an answer that cannot be */
};

/* Whether the call that gave `result` has failed in a clear way, or else whether its answer is
   right. A wrong one is noted: what was asked, for which block or how many bytes, and of what came
   16 bytes (or NULL). */
enum outcome answer_judge(long result, bool right, const char *asked, uint64_t number,
                          const void *came);
extern char answer_wrong[160]; /* what was noted last */

struct target {
    const char *name;   /* of the service */
    const char *needs;  /* a file without which this target cannot be had */
    const char *image;  /* what serves it, where that is not loaded at boot; NULL: it is */
    bool restartable;   /* can be had even if nothing restarts it but we: it is not in our way */
    bool (*open)(void); /* opens its files, again after a crash; false and errno */
    bool (*fill)(void); /* once: what the requests will find; NULL: nothing */
    enum outcome (*request)(uint64_t random);
    /* A request whose methods all have a time limit, for faults that wait; NULL: all have. */
    enum outcome (*limited)(uint64_t random);
    unsigned calls;         /* of the service in one request, at least */
    bool never_waits_short; /* its limit is so long that a fault which waits is no test of anything
                             */
};

extern const struct target targets[];
extern const unsigned target_count;

bool disk_open(void), disk_fill(void);
enum outcome disk_request(uint64_t random);
bool null_block_open(void), null_block_fill(void);
enum outcome null_block_request(uint64_t random);
bool empty_open(void), empty_fill(void);
enum outcome empty_request(uint64_t random);
bool data_open(void), data_fill(void);

/* Reads a block and compares it with what was last written to it. */
enum outcome null_block_check(unsigned block), data_check(unsigned block);
void scratch_forget(void); /* what the scratch device holds: another driver serves it */

bool scratch_open(void), scratch_fill(void);
enum outcome scratch_request(uint64_t random);
