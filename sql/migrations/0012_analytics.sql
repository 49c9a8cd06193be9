-- Operation: snapshots of the counters.

-- What the metrics route had to say when an administrator asked to keep it.
CREATE TABLE such_market.analytics_snapshots (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    saved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    time_range text NOT NULL,
    report jsonb NOT NULL
);
CREATE INDEX analytics_snapshots_saved ON such_market.analytics_snapshots (saved_at);
-- outbox: not such_market.analytics_snapshots: for people, never kept

GRANT SELECT ON such_market.analytics_snapshots TO :app_role, :maintenance_role;
GRANT INSERT ON such_market.analytics_snapshots TO :app_role;
GRANT DELETE ON such_market.analytics_snapshots TO :maintenance_role;
