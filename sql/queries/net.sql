-- name: ping
-- -> one row: the server answers, and whether it is a standby
SELECT pg_is_in_recovery() AS standby
