-- What people keep: a number that counts the changes of each object, when it was taken out of use, and what was the way to
-- a device when. Nothing of it is deleted.
alter table organisation add column revision integer not null default 1;
alter table organisation add column archived_at integer;   -- Null: it is in use.
alter table site add column revision integer not null default 1;
alter table site add column archived_at integer;
alter table node add column revision integer not null default 1;
alter table node add column archived_at integer;
alter table point add column revision integer not null default 1;
alter table point add column archived_at integer;
alter table line add column revision integer not null default 1;
alter table line add column archived_at integer;
alter table poll_group add column revision integer not null default 1;
alter table poll_group add column archived_at integer;
alter table device add column revision integer not null default 1;
alter table device add column archived_at integer;
alter table device add column replaced_by integer references device (id);
alter table device add column replaced_at integer;         -- When that one took over.
create index device_replaced on device (replaced_by) where replaced_by is not null;

-- Which ways led to a device when: those of one time have one valid_from.
create table route_history (
    device_id   integer not null references device (id),
    valid_from  integer not null,     -- 0: before this was kept.
    position    integer not null,
    line_id     integer not null references line (id),
    settings    text,
    valid_to    integer,              -- Null: it is so now.
    primary key (device_id, valid_from, position)
) strict, without rowid;
create index route_history_of_line on route_history (line_id);
insert into route_history (device_id, valid_from, position, line_id, settings)
select device_id, 0, position, line_id, settings from route;

-- Whoever changes an object counts its revision up: this host, a command, an import, a session that learns the serial
-- number.
create trigger organisation_changed after update of name, archived_at on organisation begin
    update organisation set revision = revision + 1 where id = new.id;
end;
create trigger site_changed after update of organisation_id, name, address, time_zone, latitude, longitude, archived_at on site
begin
    update site set revision = revision + 1 where id = new.id;
end;
create trigger node_changed after update of site_id, name, archived_at on node begin
    update node set revision = revision + 1 where id = new.id;
end;
create trigger point_changed after update of node_id, name, resource, purpose, archived_at on point begin
    update point set revision = revision + 1 where id = new.id;
end;
create trigger line_changed after update of name, kind, address, settings, options, archived_at on line begin
    update line set revision = revision + 1 where id = new.id;
end;
create trigger poll_group_changed after update of name, schedule, sessions, clock_policy, archived_at on poll_group begin
    update poll_group set revision = revision + 1 where id = new.id;
end;
-- A session fills in what it learns without changing what is known: that counts nothing.
create trigger device_changed after update of node_id, driver, name, serial, model, enabled, clock_rule, config, schedule,
    poll_group_id, clock_policy, archived_at, replaced_by on device
when new.node_id <> old.node_id or new.driver <> old.driver or new.name <> old.name or new.serial is not old.serial
    or new.model is not old.model or new.enabled <> old.enabled or new.clock_rule is not old.clock_rule
    or new.config <> old.config or new.schedule is not old.schedule or new.poll_group_id is not old.poll_group_id
    or new.clock_policy is not old.clock_policy or new.archived_at is not old.archived_at
    or new.replaced_by is not old.replaced_by
begin
    update device set revision = revision + 1 where id = new.id;
end;
create trigger route_added after insert on route_history begin
    update device set revision = revision + 1 where id = new.device_id;
end;
create trigger device_point_added after insert on device_point begin
    update device set revision = revision + 1 where id = new.device_id;
end;
create trigger device_point_ended after update of valid_to on device_point begin
    update device set revision = revision + 1 where id = new.device_id;
end;

drop view v_device;
create view v_device as
select o.name as organisation, s.id as site_id, s.name as site, s.address as address, s.time_zone as time_zone,
       n.name as node, d.id as device_id, d.name as device, d.serial as serial, d.model as model, d.driver as driver,
       d.enabled as enabled, coalesce(d.schedule, g.schedule) as schedule, g.name as poll_group,
       l.kind as line_kind, l.address as line_address, t.last_outcome as last_outcome,
       t.failures_in_row as failures_in_row,
       strftime('%Y-%m-%dT%H:%M:%SZ', t.last_good_at, 'unixepoch') as last_good_at_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', d.archived_at, 'unixepoch') as archived_at_utc
from device d
join node n on n.id = d.node_id
join site s on s.id = n.site_id
join organisation o on o.id = s.organisation_id
left join poll_group g on g.id = d.poll_group_id
left join route u on u.device_id = d.id and u.position = 0
left join line l on l.id = u.line_id
left join device_state t on t.device_id = d.id;
