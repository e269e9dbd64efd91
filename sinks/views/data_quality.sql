-- Every issue that is open: said to be there in the last hour, and not to be over. One
-- that is open says so every 5 s of its symbol's time; `silent_s` is how long it has
-- not by our clock, and where that is long nothing at all is heard of its symbol.
create view issues_open as
with newest as (
  select *
  from quality_issues
  where event_time >= (now() at time zone 'UTC') - interval 1 hour
  qualify row_number() over (
    partition by venue, symbol, connection, line, kind, opened_ns
    order by phase = 'close' desc, event_ns desc, count desc, received_ns desc
  ) = 1
)
select
  venue,
  coalesce(symbol, '') as symbol,
  coalesce(connection || '/' || line, connection, '') as line,
  kind,
  severity,
  array_position(['critical', 'high', 'medium', 'low'], severity) as urgency,
  make_timestamp(opened_ns // 1000) as opened_at,
  (event_ns - opened_ns) / 1e9 as open_for_s,
  epoch_us(now()) / 1e6 - received_ns / 1e9 as silent_s,
  count as times_seen,
  value,
  bound,
  unit,
  evidence
from newest
where phase <> 'close';

-- What was said of issues: that one opens, is still there, or closes. `delay_ms` is of
-- the opening of a symbol's issue: from when it was so, by the venue's clock, until what
-- shows it arrived here, by ours. The difference of the clocks is in it (a venue's clock
-- that is ahead of ours makes it less than none), our own computing is not.
create view issues_said as
select
  event_time,
  venue,
  coalesce(symbol, '') as symbol,
  coalesce(connection || '/' || line, connection, '') as line,
  if(symbol is null, 'line', 'symbol') as subject,
  kind,
  severity,
  phase,
  if(phase = 'open' and symbol is not null, (received_ns - event_ns) / 1e6, null)
    as delay_ms,
  duration_ns / 1e9 as lasted_s,
  case
    when duration_ns is null then null
    when duration_ns < 1e9 then '1: less than 1 s'
    when duration_ns < 10e9 then '2: 1 to 10 s'
    when duration_ns < 60e9 then '3: 10 to 60 s'
    when duration_ns < 600e9 then '4: 1 to 10 min'
    else '5: more than 10 min'
  end as lasted,
  count as times_seen,
  value,
  bound,
  unit,
  evidence
from quality_issues;

-- How far each symbol can be believed now. Each is said every 5 s of its own time; one
-- that was there in the last day and of which nothing has come for a minute is
-- `absent`, whatever its last score was.
create view scores_now as
with known as (
  select venue, symbol, max(received_ns) as received_ns
  from quality_scores
  where event_time >= (now() at time zone 'UTC') - interval 1 day
    and (
      event_ns % 300_000_000_000 = 0
      or is_change
      or event_time >= (now() at time zone 'UTC') - interval 5 minute
    )
  group by all
),
newest as (
  select * exclude (received_ns), epoch_us(now()) / 1e6 - received_ns / 1e9 < 60 as is_heard
  from quality_scores
  where event_time >= (now() at time zone 'UTC') - interval 5 minute
  qualify row_number() over (
    partition by venue, symbol order by event_ns desc, is_change desc
  ) = 1
)
select
  venue,
  symbol,
  venue || ' ' || symbol as market,
  case
    when not coalesce(is_heard, false) then 'absent'
    when tradable then 'tradable'
    else 'not tradable'
  end as status,
  if(is_heard, score, null) as score,
  if(is_heard, score, -1) as goodness,
  case
    when not coalesce(is_heard, false) then '6: absent'
    when score >= 99 then '1: 99 to 100'
    when score >= 90 then '2: 90 to 99'
    when score >= 75 then '3: 75 to 90'
    when score >= 50 then '4: 50 to 75'
    else '5: less than 50'
  end as scores,
  if(is_heard, reason, 'nothing heard for more than a minute') as reason,
  if(is_heard, if(not has_book, 'none', if(book_ok, 'right', 'not right')), null)
    as book,
  if(is_heard, if(active, 'active', 'quiet'), null) as activity,
  if(is_heard, open_critical, null) as open_critical,
  if(is_heard, open_high, null) as open_high,
  if(is_heard, open_medium, null) as open_medium,
  if(is_heard, open_low, null) as open_low,
  epoch_us(now()) / 1e6 - received_ns / 1e9 as age_s
from known left join newest using (venue, symbol);

-- How many issues are open, of each symbol and of the lines of each venue (symbol '').
-- Of a symbol of which nothing is heard it is not known that there are none.
create view issues_counted as
with counted as (
  select
    venue,
    symbol,
    count(*) as open_issues,
    count(*) filter (severity in ('critical', 'high')) as open_critical_or_high
  from issues_open
  group by all
)
select
  venue,
  symbol,
  coalesce(open_issues, if(status = 'absent', null, 0)) as open_issues,
  coalesce(open_critical_or_high, if(status = 'absent', null, 0))
    as open_critical_or_high
from scores_now left join counted using (venue, symbol)
union all
select * from counted where symbol = '';

-- The same over time.
create view scores_history as
select event_time, venue, symbol, venue || ' ' || symbol as market, score, tradable
from quality_scores;

-- What could not be read.
create view dead_said as
select
  event_time,
  coalesce(venue, '') as venue,
  coalesce(connection || '/' || line, connection, '') as line,
  topic,
  reason,
  size as size_bytes
from dead_letters;
