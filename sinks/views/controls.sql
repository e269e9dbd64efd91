-- What happens to the lake: of each table how many rows are dated within the last
-- minute, and how old the newest row is. Of what is written all the time the last minute
-- alone is looked at, of the rest the last hour: where nothing is in it, no age is
-- known. What a venue dates is dated by its clock.
create view tables_now as
with found as (
  select
    'frames' as table_name,
    '1 minute' as looked_back,
    count(*) as rows_per_min,
    max(event_time) as newest_at
  from frames
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'trades', '1 minute', count(*), max(event_time) from trades
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'tops', '1 minute', count(*), max(event_time) from tops
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'book_deltas', '1 minute', count(*), max(event_time) from book_deltas
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'book_snapshots', '1 minute', count(*), max(event_time) from book_snapshots
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'marks', '1 minute', count(*), max(event_time) from marks
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'heartbeats', '1 minute', count(*), max(event_time) from heartbeats
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'tallies', '1 minute', count(*), max(event_time) from tallies
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'books', '1 minute', count(*), max(event_time) from books
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'bars', '1 minute', count(*), max(event_time) from bars
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'readings', '1 minute', count(*), max(event_time) from readings
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'features', '1 minute', count(*), max(event_time) from features
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'connections', '1 minute', count(*), max(event_time) from connections
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'connection_health', '1 minute', count(*), max(event_time) from connection_health
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'quality_scores', '1 minute', count(*), max(event_time) from quality_scores
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'system_health', '1 minute', count(*), max(event_time) from system_health
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'processes', '1 minute', count(*), max(event_time) from processes
  where event_time >= (now() at time zone 'UTC') - interval 1 minute
  union all
  select 'gaps', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from gaps
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'flaws', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from flaws
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'late_trades', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from late_trades
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'ignored', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from ignored
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'book_states', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from book_states
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'quality_issues', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from quality_issues
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'healings', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from healings
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'commands', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from commands
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'alerts', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from alerts
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'deliveries', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from deliveries
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'calibrations', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from calibrations
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'normalised', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from normalised
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'priority_weights', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from priority_weights
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'priorities', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from priorities
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  union all
  select 'dead_letters', '1 hour', count(*) filter (
    event_time >= (now() at time zone 'UTC') - interval 1 minute
  ), max(event_time) from dead_letters
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
)
select *, epoch((now() at time zone 'UTC') - newest_at) as age_s
from found;

-- Commands, and what `heal` decided: in one list, so that cause and effect are seen.
create view interventions as
select
  event_time,
  'decision' as what,
  decision as outcome,
  action,
  coalesce(venue, '') as venue,
  coalesce(symbol, '') as symbol,
  coalesce(connection || '/' || line, connection, '') as line,
  cause as reason,
  attempt,
  within_hour,
  duration_ns / 1e9 as took_s
from healings
union all
select
  event_time,
  'command' as what,
  'sent' as outcome,
  action,
  coalesce(venue, '') as venue,
  coalesce(symbol, '') as symbol,
  coalesce(connection || '/' || line, connection, '') as line,
  reason,
  null as attempt,
  null as within_hour,
  null as took_s
from commands;

-- Alerts, whatever their phase.
create view alerts_said as
select
  event_time,
  severity,
  phase,
  coalesce(venue, '') as venue,
  coalesce(symbol, '') as symbol,
  title,
  body,
  rule,
  make_timestamp(opened_ns // 1000) as opened_at,
  count as times_seen
from alerts;

-- Attempts to tell somebody of an alert.
create view deliveries_said as
select event_time, target, outcome, attempt, reason, alert_id
from deliveries;
