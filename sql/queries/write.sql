-- Writes over HTTP.

-- name: write_mine
-- $1 transactions before this one, or null -> history, how often all copies were cleared; transaction, tags
-- one a line (both null: none): a row an event that this transaction or one of those has emitted
SELECT h.history, h.cleared, e.xid, array_to_string(e.tags, E'\n')
FROM (SELECT such_market.cache_history(), c.cleared FROM such_market.cache_clear AS c) AS h (history, cleared)
LEFT JOIN such_market.cache_events AS e
    ON e.xid = ANY (pg_current_xact_id_if_assigned() || $1::xid8[]);

-- name: write_transfers
-- $1 key, $2 whether the client chose it, $3 route, $4 digest of the request, $5 contract, $6 transfers (see
-- transfer_moves) -> outcome, place, held, answer, transactions before this one
SELECT w.outcome, w.place, w.held, w.answer, w.earlier
FROM such_market.record_transfers_once($1, $2, $3, $4, $5, $6::json) AS w;
