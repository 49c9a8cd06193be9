/*
 * A copy as bytes: the same form in memory, in Redis and in the database tier.
 *
 *	magic u32, version u16, flags u16 (negative, gzip, primary), tier u8, content type u8, tags u16
 *	label u64, epoch u64, made_wall_us i64, modified_us i64, etag[24], body length u32, raw length u32,
 *	key length u16, reserved u16, checksum u64 (SipHash of everything else, with the mapping's or a fixed key)
 *	tags × { slot text is not kept: gen u64, hash u64 of the tag text }
 *	key bytes, body bytes
 *
 * Decoding trusts nothing: every length is checked, a wrong key, version or checksum is a miss.
 */
#ifndef CACHE_ENTRY_H
#define CACHE_ENTRY_H

#include "base/answer.h"
#include "cache/map.h"

struct entry {
	struct str key;
	uint64_t label;
	cache_epoch epoch;
	uint64_t era;          /* memory only */
	bool primary;          /* read from the primary: V2 may hold (memory only) */
	bool gzip;
	int64_t made_us;
	struct str body;
	const struct answer *answer; /* rc, tier, type, etag, modified */
};

#endif
