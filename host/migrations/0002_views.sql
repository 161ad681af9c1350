-- Views for people's own queries. Their columns are an interface: columns may be added, none is changed or taken away.

create view v_record as
select s.id as site_id, s.name as site, n.id as node_id, n.name as node, p.id as point_id, p.name as point,
       d.id as device_id, d.name as device, d.serial as device_serial,
       r.id as record_id, r.kind as archive,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.starts_at, 'unixepoch') as starts_at_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', r.ends_at, 'unixepoch') as ends_at_utc,
       r.starts_at as starts_at, r.ends_at as ends_at, r.label as label, r.length_s as length_s,
       c.id as series_id, c.column_id as column_id, c.input as input, c.quantity as quantity, c.pipe as pipe,
       c.tariff as tariff, c.aggregate as aggregate, c.unit as unit, c.decimals as decimals,
       v.value as value, v.text as text,
       case v.quality when 0 then 'good' when 1 then 'doubtful' when 2 then 'substituted' else 'absent' end as quality,
       v.code as quality_code,
       (select group_concat(x.code, ' ') from condition x
        where x.record_id = r.id and (x.input = 0 or x.input = c.input)) as condition_codes,
       r.version as version, r.session_id as session_id, r.received_at as received_at
from record r
join value v on v.record_id = r.id
join series c on c.id = v.series_id
join device d on d.id = r.device_id
join node n on n.id = d.node_id
join site s on s.id = n.site_id
left join point p on p.id = c.point_id
where r.current = 1;

create view v_record_hourly as select * from v_record where archive = 'hourly';
create view v_record_daily as select * from v_record where archive = 'daily';
create view v_record_monthly as select * from v_record where archive = 'monthly';

create view v_device as
select o.name as organisation, s.id as site_id, s.name as site, s.address as address, s.time_zone as time_zone,
       n.name as node, d.id as device_id, d.name as device, d.serial as serial, d.model as model, d.driver as driver,
       d.enabled as enabled, coalesce(d.schedule, g.schedule) as schedule, g.name as poll_group,
       l.kind as line_kind, l.address as line_address, t.last_outcome as last_outcome,
       t.failures_in_row as failures_in_row,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_good_at, 'unixepoch') as last_good_at_utc
from device d
join node n on n.id = d.node_id
join site s on s.id = n.site_id
join organisation o on o.id = s.organisation_id
left join poll_group g on g.id = d.poll_group_id
left join route u on u.device_id = d.id and u.position = 0
left join line l on l.id = u.line_id
left join device_state t on t.device_id = d.id;

create view v_session as
select x.id as session_id, s.name as site, d.id as device_id, d.name as device, l.name as line,
       x.driver as driver, x.driver_version as driver_version, x.driver_digest as driver_digest, x.reason as reason,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.started_at_ms / 1000, 'unixepoch') as started_at_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', x.ended_at_ms / 1000, 'unixepoch') as ended_at_utc,
       x.started_at_ms as started_at_ms, x.ended_at_ms as ended_at_ms, x.outcome as outcome, x.detail as detail,
       x.exchanges as exchanges, x.retries as retries, x.bytes_sent as bytes_sent, x.bytes_received as bytes_received,
       x.records_added as records_added, x.values_added as values_added, x.clock_offset_ms as clock_offset_ms
from session x
join device d on d.id = x.device_id
join node n on n.id = d.node_id
join site s on s.id = n.site_id
join line l on l.id = x.line_id;

create view v_incident as
select i.id as incident_id, s.name as site, d.id as device_id, d.name as device,
       strftime('%Y-%m-%dT%H:%M:%SZ', i.at, 'unixepoch') as at_utc, i.at as at, i.kind as kind,
       r.kind as archive, strftime('%Y-%m-%dT%H:%M:%SZ', r.starts_at, 'unixepoch') as record_starts_at_utc,
       i.old_record_id as old_record_id, i.new_record_id as new_record_id, i.session_id as session_id, i.text as text
from incident i
join device d on d.id = i.device_id
join node n on n.id = d.node_id
join site s on s.id = n.site_id
left join record r on r.id = i.new_record_id;

create view v_gap_absence as
select s.name as site, d.id as device_id, d.name as device, a.kind as archive,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.starts_at, 'unixepoch') as starts_at_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.ends_at, 'unixepoch') as ends_at_utc,
       a.starts_at as starts_at, a.ends_at as ends_at, a.reason as reason, a.session_id as session_id
from absence a
join device d on d.id = a.device_id
join node n on n.id = d.node_id
join site s on s.id = n.site_id;
