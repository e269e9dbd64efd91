-- Every line and every connection as a whole (line `all`), as it is now. Each says how
-- it does every 5 s; of one that was there in the last day and has said nothing for
-- 30 s, the level is `ABSENT`, and no figure is shown as if it were still so.
-- The latency is the feed's: arrival less event, the clocks' difference taken out.
create view connections_now as
with known as (
  select venue, connection, line, max(event_time) as said_at
  from connection_health
  where event_time >= (now() at time zone 'UTC') - interval 1 day
    and (
      event_ns % 300_000_000_000 = 0
      or is_change
      or event_time >= (now() at time zone 'UTC') - interval 5 minute
    )
  group by all
),
newest as (
  select *, true as is_heard
  from connection_health
  where event_time >= (now() at time zone 'UTC') - interval 30 second
  qualify row_number() over (
    partition by venue, connection, line order by event_ns desc, is_change desc
  ) = 1
)
select
  venue,
  connection,
  if(line = '', 'all', line) as line,
  if(line = '', 'connection', 'line') as part,
  if(is_heard, if(is_up, 'up', 'down'), 'absent') as status,
  if(is_heard, upper(level), 'ABSENT') as level,
  if(is_heard and level = 'green', 100, 0)::double as healthy_pct,
  if(is_heard, issues, 'nothing said for more than 30 s') as issues,
  if(is_heard, len(list_filter(string_split(issues, ','), lambda x: x <> '')), 1)
    as issue_count,
  feed_mean_ms as latency_mean_ms,
  feed_p50_ms as latency_p50_ms,
  feed_p95_ms as latency_p95_ms,
  feed_p99_ms as latency_p99_ms,
  network_mean_ms as ping_mean_ms,
  network_p95_ms as ping_p95_ms,
  skew_ms as clock_ahead_ms,
  rate as messages_per_s,
  normal_rate as normal_messages_per_s,
  octets_rate / 1e3 as received_kb_per_s,
  drops,
  if(successes > 0, successes - 1, successes) as reconnects,
  success_rate as attempts_successful_pct,
  uptime_1h as uptime_1h_pct,
  uptime_24h as uptime_24h_pct,
  failovers,
  failover_ms,
  dead as dead_frames,
  lines_up || ' of ' || lines as lines_up,
  epoch((now() at time zone 'UTC') - said_at) as age_s
from known left join newest using (venue, connection, line);

-- The same over time, of connections as a whole.
create view connections_history as
select
  event_time,
  venue,
  connection,
  upper(level) as level,
  feed_mean_ms as latency_mean_ms,
  feed_p95_ms as latency_p95_ms,
  network_mean_ms as ping_mean_ms,
  rate as messages_per_s
from connection_health
where line = '';

-- What happened to lines: all but that they live.
create view line_events as
select
  event_time,
  venue,
  connection,
  line,
  event,
  reason,
  attempt,
  silence_ns / 1e9 as silent_s,
  url
from connections
where event <> 'heartbeat';
