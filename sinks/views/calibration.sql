-- What is normal for each symbol now, and how far that is known. Each is said again
-- every hour of its own time; one of the last two hours counts.
create view calibrations_now as
select
  venue,
  symbol,
  venue || ' ' || symbol as market,
  windows,
  atr_period as atr_period_windows,
  1e4 * volatility as volatility_bps,
  season,
  wide_bps,
  thin as thin_quote,
  credibility,
  freshness,
  coverage,
  stability,
  confidence,
  reason,
  pinned,
  if(pinned = '', 0, 1) as has_pins,
  origin,
  epoch((now() at time zone 'UTC') - event_time) as age_s
from calibrations
where event_time >= (now() at time zone 'UTC') - interval 2 hour
qualify lag(true) over (partition by venue, symbol order by event_ns desc) is null;

-- The same over time.
create view calibrations_history as
select
  event_time,
  venue,
  symbol,
  venue || ' ' || symbol as market,
  atr_period as atr_period_windows,
  1e4 * volatility as volatility_bps,
  season,
  wide_bps,
  thin as thin_quote,
  credibility,
  coverage,
  stability,
  confidence,
  reason,
  pinned
from calibrations;

-- How much each period of the mixed ATR counts now.
create view atr_weights_now as
select venue, symbol, market, format('{:02d}', period) as period, weight
from (
  select
    venue,
    symbol,
    venue || ' ' || symbol as market,
    unnest(atr_periods) as period,
    unnest(atr_weights) as weight
  from calibrations
  where event_time >= (now() at time zone 'UTC') - interval 2 hour
  qualify lag(true) over (partition by venue, symbol order by event_ns desc) is null
);

-- How far windows are from what is normal for their symbol, over time.
create view windows_said as
select
  event_time,
  venue,
  symbol,
  venue || ' ' || symbol as market,
  z_return,
  z_volatility,
  z_turnover,
  z_spread,
  z_depth,
  natr as natr_pct,
  if(is_wide is null, null, if(is_wide, 100, 0))::double as wide_pct,
  if(is_thin is null, null, if(is_thin, 100, 0))::double as thin_pct
from normalised;

-- How much each component counts in the priority of a symbol now.
create view weights_now as
select
  venue,
  symbol,
  venue || ' ' || symbol as market,
  n as outcomes,
  credibility,
  volatility,
  turnover,
  spread,
  depth,
  momentum,
  order_flow,
  data_quality,
  reason,
  epoch((now() at time zone 'UTC') - event_time) as age_s
from priority_weights
where event_time >= (now() at time zone 'UTC') - interval 1 day
qualify lag(true) over (partition by venue, symbol order by event_ns desc) is null;

-- The same over time.
create view weights_history as
select
  event_time,
  venue,
  symbol,
  venue || ' ' || symbol as market,
  credibility,
  volatility,
  turnover,
  spread,
  depth,
  momentum,
  order_flow,
  data_quality
from priority_weights;
