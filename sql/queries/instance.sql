-- This deployment: what a connection needs to know, and whether it answers.

-- name: instance_read
-- -> chain id, secret of the cursors
SELECT i.chain_id, i.cursor_secret FROM such_market.instance i;

-- name: instance_ping
-- -> one row when the database answers
SELECT 1;
