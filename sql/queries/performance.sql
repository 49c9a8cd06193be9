-- What the performance test reads, and forgets.

-- $1 number -> a body of 700 bytes that tells it
-- name: performance_probe
SELECT rpad('{"probe":' || $1::bigint || ',"pad":"', 698, 'p') || '"}';
