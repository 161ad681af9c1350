-- Whether a device's clock is set, and within which limits: beyond 30s within 10m every 1d, or off. Null: as the group
-- says; where that is null too, off.
alter table device add column clock_policy text;
alter table poll_group add column clock_policy text;

-- What was done about a clock that was off. Nothing is changed here: a row is added, and goes with its session.
create table clock_setting (
    id                integer primary key,
    device_id         integer not null references device (id),
    session_id        integer not null references session (id),
    at_ms             integer not null,
    before_offset_ms  integer not null,   -- Device minus true time.
    target            text,               -- What was written, meter time; null: nothing.
    after_offset_ms   integer,            -- Null: it was not read again.
    outcome           text not null,      -- set, not-held, failed, unsupported, too-far, too-soon, near-hour.
    text              text not null
) strict;

create index clock_setting_of_device on clock_setting (device_id, at_ms);
create index clock_setting_of_session on clock_setting (session_id);
