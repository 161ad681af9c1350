-- Seconds that a call was up: what an operator of a telephone network charges for.

alter table session add column on_line_s integer not null default 0;

drop view v_session;

create view v_session as
select x.id as session_id, s.name as site, d.id as device_id, d.name as device, l.name as line,
       x.driver as driver, x.driver_version as driver_version, x.driver_digest as driver_digest, x.reason as reason,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.started_at_ms / 1000, 'unixepoch') as started_at_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.ended_at_ms / 1000, 'unixepoch') as ended_at_utc,
       x.started_at_ms as started_at_ms, x.ended_at_ms as ended_at_ms, x.outcome as outcome, x.detail as detail,
       x.exchanges as exchanges, x.retries as retries, x.bytes_sent as bytes_sent, x.bytes_received as bytes_received,
       x.records_added as records_added, x.values_added as values_added, x.clock_offset_ms as clock_offset_ms,
       x.on_line_s as on_line_s
from session x
join device d on d.id = x.device_id
join node n on n.id = d.node_id
join site s on s.id = n.site_id
join line l on l.id = x.line_id;
