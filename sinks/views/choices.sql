-- What the filters of the dashboards offer: the venues and symbols of the last day. One
-- moment in five minutes is looked at, and all of the last quarter of an hour.

create view venues as
select distinct venue
from system_health
where event_time >= (now() at time zone 'UTC') - interval 1 day
  and (
    event_ns % 300_000_000_000 = 0
    or event_time >= (now() at time zone 'UTC') - interval 15 minute
  )
  and venue <> '';

create view markets as
select distinct venue, symbol
from quality_scores
where event_time >= (now() at time zone 'UTC') - interval 1 day
  and (
    event_ns % 300_000_000_000 = 0
    or event_time >= (now() at time zone 'UTC') - interval 15 minute
  );
