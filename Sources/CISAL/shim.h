#pragma once
#include <isa-l/igzip_lib.h>
#include <isa-l/crc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// `struct inflate_state` holds arrays of thousands of elements, which do not come over as usable Swift fields; these
// static inlines keep it opaque.

struct cisal_step {
    uint32_t consumed;
    uint32_t produced;
    // ISA-L's return code; negative is an error.
    int32_t status;
    // 1 once the last block of the stream was decoded and handed out.
    int32_t finished;
};

static inline size_t cisal_inflate_size(void) { return sizeof(struct inflate_state); }

// Starts a raw deflate stream whose output is checksummed with CRC-32.
static inline void cisal_inflate_start(void *memory) {
    struct inflate_state *state = (struct inflate_state *)memory;
    isal_inflate_init(state);
    state->crc_flag = ISAL_GZIP_NO_HDR;
}

static inline struct cisal_step cisal_inflate_step(void *memory, const uint8_t *input, uint32_t input_length,
                                                   uint8_t *output, uint32_t output_length) {
    struct inflate_state *state = (struct inflate_state *)memory;
    struct cisal_step step;
    state->next_in = (uint8_t *)input;
    state->avail_in = input_length;
    state->next_out = output;
    state->avail_out = output_length;
    step.status = isal_inflate(state);
    step.consumed = input_length - state->avail_in;
    step.produced = output_length - state->avail_out;
    step.finished = state->block_state == ISAL_BLOCK_FINISH;
    return step;
}

static inline uint32_t cisal_inflate_crc(const void *memory) { return ((const struct inflate_state *)memory)->crc; }

// Moves the whole bytes that the decoder read beyond the end of the stream into `bytes` (at least 8 long).
static inline uint32_t cisal_inflate_take_unread(void *memory, uint8_t *bytes) {
    struct inflate_state *state = (struct inflate_state *)memory;
    uint64_t bits = state->read_in;
    int32_t length = state->read_in_length;
    uint32_t count = 0;
    if (length > 0) {
        bits >>= length & 7;
        for (length &= ~7; length > 0; length -= 8) {
            bytes[count++] = (uint8_t)bits;
            bits >>= 8;
        }
    }
    state->read_in = 0;
    state->read_in_length = 0;
    return count;
}
