-- This deployment: what a connection needs to know.

-- name: instance_read
-- -> chain id, secret of the cursors
SELECT i.chain_id, i.cursor_secret FROM such_market.instance i;
