-- How the whole does now (venue `all`), and each venue: the newest word of the last
-- quarter of an hour. One is said every 5 s; where the newest is older than a minute
-- the level is `absent`, and no figure of it is shown as if it were still so.
-- `chosen` puts the whole first and then the worst: arg_max_null(x, chosen) is that of
-- all, or where the rows are filtered by venue that of the worst venue left.
create view system_now as
with newest as (
  select *, epoch((now() at time zone 'UTC') - event_time) as age_s
  from system_health
  where event_time >= (now() at time zone 'UTC') - interval 15 minute
  qualify row_number() over (partition by venue order by event_ns desc) = 1
)
select
  if(venue = '', 'all', venue) as venue,
  if(age_s <= 60, upper(level), 'ABSENT') as level,
  age_s,
  if(age_s <= 60, score, null) as score,
  if(age_s <= 60, uptime_24h, null) as uptime_24h_pct,
  if(age_s <= 60, symbols, null) as symbols_active,
  if(age_s <= 60, symbols_absent, null) as symbols_absent,
  if(age_s <= 60, symbols_high_priority, null) as symbols_high_priority,
  if(age_s <= 60, execution_rate, null) as execution_rate_pct,
  if(age_s <= 60, 100 * mean_confidence, null) as mean_confidence_pct,
  if(age_s <= 60, quality_score, null) as quality_score,
  if(age_s <= 60, open_critical, null) as open_critical,
  if(age_s <= 60, open_high, null) as open_high,
  if(age_s <= 60, open_medium, null) as open_medium,
  if(age_s <= 60, open_low, null) as open_low,
  if(age_s <= 60, connections, null) as connections,
  if(age_s <= 60, connections_green, null) as connections_green,
  if(age_s <= 60, connections_yellow, null) as connections_yellow,
  if(age_s <= 60, connections_red, null) as connections_red,
  if(age_s <= 60, connections_absent, null) as connections_absent,
  if(age_s <= 60, 100 * connections_green / nullif(connections, 0), null)
    as connections_healthy_pct,
  if(age_s <= 60, books_wrong, null) as books_wrong,
  if(age_s <= 60, feed_p95_ms, null) as feed_p95_ms,
  if(age_s <= 60, rate, null) as rate_per_s,
  if(age_s <= 60, issues, 'nothing said for more than a minute') as issues,
  if(venue = '', 1e9, -if(age_s <= 60, score, -1)) as chosen
from newest;

-- The same over time, of which the dashboard's filter takes a part.
create view system_history as
select
  if(venue = '', 'all', venue) as venue,
  event_time,
  score,
  quality_score,
  uptime_24h as uptime_24h_pct,
  symbols as symbols_active,
  rate as rate_per_s,
  feed_p95_ms
from system_health;

-- The processes of the pipeline, as they were last asked in the last hour: each is
-- every 5 s, and one of which nothing has come for 20 s is `absent`.
create view processes_now as
with newest as (
  select *, epoch((now() at time zone 'UTC') - event_time) as age_s
  from processes
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  qualify row_number() over (partition by name order by event_ns desc) = 1
)
select
  name as process,
  if(age_s > 20, 'absent', if(is_up, 'up', 'down')) as status,
  if(age_s > 20, null, lag) as lag_messages,
  if(age_s > 20, null, behind_s) as behind_s,
  restarts,
  if(age_s > 20 or not is_up, null, epoch_us(now()) / 1e6 - started_ns / 1e9)
    as up_for_s,
  if(age_s > 20, null, memory_bytes / 1e6) as memory_mb,
  if(age_s > 20, null, waiting) as unconfirmed_messages,
  age_s
from newest;

-- The same over time.
create view processes_history as
select
  event_time,
  name as process,
  lag as lag_messages,
  behind_s,
  memory_bytes / 1e6 as memory_mb,
  waiting as unconfirmed_messages
from processes;

-- Alerts that are not over: fired in the last week, and not said to be resolved. Time
-- passes for a rule with the records that it is over.
create view alerts_active as
with newest as (
  select *, count(*) over same as times_said
  from alerts
  where event_time >= (now() at time zone 'UTC') - interval 7 day
    and phase <> 'digest'
  window same as (partition by rule, subject, opened_ns)
  qualify row_number() over (
    same order by phase = 'resolved' desc, event_ns desc
  ) = 1
)
select
  severity,
  array_position(['critical', 'high', 'medium', 'low'], severity) as urgency,
  phase,
  coalesce(venue, '') as venue,
  coalesce(symbol, '') as symbol,
  title,
  body,
  rule,
  make_timestamp(opened_ns // 1000) as opened_at,
  event_time as last_said_at,
  count as times_seen
from newest
where phase <> 'resolved';

-- How old the newest row is of what the pipeline says all the time, from the first hop
-- to the last; of the last five minutes, and unknown where nothing is in them.
-- `readings` is what lines brought, as soon as it has been read.
create view freshness as
with found as (
  select 1 as step, 'readings' as table_name, 'what lines brought' as says,
    max(event_time) as newest_at
  from readings where event_time >= (now() at time zone 'UTC') - interval 5 minute
  union all
  select 2, 'connection_health', 'how connections do', max(event_time)
  from connection_health where event_time >= (now() at time zone 'UTC') - interval 5 minute
  union all
  select 3, 'quality_scores', 'how far symbols can be believed', max(event_time)
  from quality_scores where event_time >= (now() at time zone 'UTC') - interval 5 minute
  union all
  select 4, 'system_health', 'how the whole does', max(event_time)
  from system_health where event_time >= (now() at time zone 'UTC') - interval 5 minute
  union all
  select 5, 'processes', 'how our own processes do', max(event_time)
  from processes where event_time >= (now() at time zone 'UTC') - interval 5 minute
)
select *, epoch((now() at time zone 'UTC') - newest_at) as age_s
from found;
