-- How much attention each symbol deserves now: the newest window of the last hour, in
-- which all were ranked beside each other.
create view priorities_now as
select
  rank,
  venue,
  symbol,
  venue || ' ' || symbol as market,
  tier,
  score,
  volatility,
  turnover,
  spread,
  depth,
  momentum,
  order_flow,
  data_quality,
  confidence,
  beta,
  residual,
  epoch((now() at time zone 'UTC') - event_time) as age_s
from priorities
where event_time >= (now() at time zone 'UTC') - interval 1 hour
qualify event_ns = max(event_ns) over ();

-- The same over time.
create view priorities_history as
select event_time, venue, symbol, venue || ' ' || symbol as market, tier, score, rank
from priorities;
