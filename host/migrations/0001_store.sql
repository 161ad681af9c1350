-- The store of version 1. What each table and column means is in docs/database.md.
-- Time is integer Unix seconds in UTC, or milliseconds where the name ends in _ms. Flags are 0 or 1.

create table organisation (
    id    integer primary key,
    name  text not null unique
) strict;

create table site (
    id               integer primary key,
    organisation_id  integer not null references organisation (id),
    name             text not null,
    address          text,
    time_zone        text not null,   -- IANA name.
    latitude         real,
    longitude        real,
    unique (organisation_id, name)
) strict;

create table node (
    id       integer primary key,
    site_id  integer not null references site (id),
    name     text not null,
    unique (site_id, name)
) strict;

create table point (
    id        integer primary key,
    node_id   integer not null references node (id),
    name      text not null,
    resource  text not null,          -- heat, hot-water, cold-water, gas, steam, electricity.
    purpose   text not null,          -- commercial, technological.
    unique (node_id, name)
) strict;

create table line (
    id        integer primary key,
    name      text not null unique,
    kind      text not null,          -- tcp, udp, rfc2217, serial, incoming, modem.
    address   text not null,          -- host:port, the path of the port, listener/identity, pool/number.
    settings  text,                   -- 9600-8N1; null: the driver's own.
    options   text not null default '',  -- rts, rts-inverted, echo, gap=, settle=, latency=, silence= in milliseconds.
    unique (kind, address)
) strict;

-- Devices that are read alike.
create table poll_group (
    id        integer primary key,
    name      text not null unique,
    schedule  text not null,          -- As column schedule of table device.
    sessions  integer                 -- At once, of the devices of the group; null: as many as there may be.
) strict;

create table device (
    id                  integer primary key,
    node_id             integer not null references node (id),
    driver              text not null,
    name                text not null unique,
    serial              text,
    model               text,         -- Id of a model in the driver's description.
    enabled             integer not null,
    clock_rule          text,         -- standard, zone; null: as the model's description says.
    config              text not null,   -- JSON object.
    schedule            text,         -- every 60m: clock hourly; H 2 * * *: daily. Null: the group's.
    poll_group_id       integer references poll_group (id)
) strict;

create index device_of_node on device (node_id);
create index device_of_group on device (poll_group_id);

-- Counts the changes of what a running host must take over: subject devices.
create table revision (
    subject  text primary key,
    number   integer not null
) strict, without rowid;

insert into revision (subject, number) values ('devices', 0);

-- Which point an input of a device serves, and since when. Devices get replaced, points stay.
create table device_point (
    device_id   integer not null references device (id),
    input       integer not null,
    point_id    integer not null references point (id),
    valid_from  integer not null,
    valid_to    integer,
    primary key (device_id, input, valid_from)
) strict, without rowid;

create index device_point_of_point on device_point (point_id);

create table route (
    device_id  integer not null references device (id),
    position   integer not null,      -- From 0, the first is tried first.
    line_id    integer not null references line (id),
    settings   text,                  -- Instead of the line's own.
    primary key (device_id, position)
) strict, without rowid;

create index route_of_line on route (line_id);

create table session (
    id                    integer primary key,
    device_id             integer not null references device (id),
    line_id               integer not null references line (id),
    driver                text not null,
    driver_version        text not null,
    driver_digest         text not null,
    reason                text not null,
    started_at_ms         integer not null,
    ended_at_ms           integer,
    outcome               text,       -- Null: it runs.
    detail                text,
    identity              text,       -- JSON: model, serial, firmware, details.
    phases                text not null default '[]',
    faults                text not null default '[]',
    clock_shown           text,
    clock_offset_ms       integer,
    clock_uncertainty_ms  integer,
    exchanges             integer not null default 0,
    retries               integer not null default 0,
    bytes_sent            integer not null default 0,
    bytes_received        integer not null default 0,
    records_added         integer not null default 0,
    values_added          integer not null default 0,
    cpu_ms                integer not null default 0,
    wall_ms               integer not null default 0,
    memory_peak_bytes     integer not null default 0
) strict;

create index session_of_device on session (device_id, id);
create index session_of_line on session (line_id, id);
create index session_of_driver on session (driver_digest, outcome);
create index session_running on session (id) where outcome is null;

-- The wire trace of a session, as text.
create table trace (
    session_id  integer primary key references session (id),
    text        text not null
) strict;

-- How a device fared: what the planner and the list of devices need at once.
create table device_state (
    device_id         integer primary key references device (id),
    last_session_id   integer not null references session (id),
    last_outcome      text,           -- Of the last session that ended.
    failures_in_row   integer not null,
    last_good_at      integer,        -- End of the last session that ended complete.
    schedule_done     text not null default '{}'  -- JSON: entry of the schedule to the start of the last session that did it.
) strict;

-- One column of a device's archives. Unit and decimals are the meter's own.
create table series (
    id                 integer primary key,
    device_id          integer not null references device (id),
    point_id           integer references point (id),
    column_id          text not null,
    quantity           text not null,
    unit               text not null,
    input              integer not null,
    tariff             integer not null,
    pipe               text,
    aggregate          text not null,
    declared_decimals  integer,       -- As the driver declared the column.
    decimals           integer        -- The most that were declared or came with a value; null: the meter's own float.
) strict;

create unique index series_identity on series
    (device_id, column_id, input, tariff, quantity, unit, aggregate, coalesce(pipe, ''), coalesce(declared_decimals, -1));
create index series_of_point on series (point_id);

-- Which series an archive has, in the order in which the driver declared them.
create table archive_column (
    device_id  integer not null references device (id),
    kind       text not null,
    series_id  integer not null references series (id),
    ordinal    integer not null,
    primary key (device_id, kind, series_id)
) strict, without rowid;

create index archive_column_of_series on archive_column (series_id);

-- One interval of an archive, or one moment (kinds current and totals).
create table record (
    id           integer primary key,
    device_id    integer not null references device (id),
    kind         text not null,
    starts_at    integer not null,
    ends_at      integer not null,
    label        text,                -- As the device showed it.
    length_s     integer,
    version      integer not null,
    current      integer not null,    -- 1: the newest version.
    session_id   integer not null references session (id),
    received_at  integer not null,
    unique (device_id, kind, starts_at, version)
) strict;

-- Clustered by record: what is read together lies together, and new values are appended.
create table value (
    record_id  integer not null,      -- Of table record. Not a foreign key: two lookups a value would take half of the
    series_id  integer not null,      -- time of storing; both are written or read in the transaction that writes the value.
    value      real,                  -- Null: no number. Never 0 for "no data".
    text       text,                  -- Flags as 0x1f, or the meter's text.
    quality    integer not null default 0,   -- 0 good, 1 doubtful, 2 substituted, 3 absent.
    code       text,                  -- The meter's own word for the quality.
    primary key (record_id, series_id)
) strict, without rowid;

-- Abnormal situations of an interval.
create table condition (
    record_id   integer not null references record (id),
    ordinal     integer not null,
    code        text not null,
    category    text,
    effect      text,
    input       integer not null,
    series_id   integer references series (id),
    duration_s  integer,
    primary key (record_id, ordinal)
) strict, without rowid;

-- What the store holds of one archive of a device.
create table archive (
    device_id    integer not null references device (id),
    kind         text not null,
    records      integer not null,
    first_start  integer not null,
    last_end     integer not null,
    primary key (device_id, kind)
) strict, without rowid;

-- Spans for which a device has no records, and why.
create table absence (
    device_id   integer not null references device (id),
    kind        text not null,
    starts_at   integer not null,
    ends_at     integer not null,
    reason      text not null,
    session_id  integer not null references session (id),
    primary key (device_id, kind, starts_at, ends_at, reason)
) strict, without rowid;

-- The device's own journal.
create table device_event (
    id           integer primary key,
    device_id    integer not null references device (id),
    at           integer not null,
    label        text not null,
    code         text not null,
    severity     text not null,
    began        integer,
    input        integer not null,
    text         text not null,
    session_id   integer not null references session (id),
    received_at  integer not null
) strict;

create unique index device_event_identity on device_event (device_id, at, code, input, coalesce(began, -1), text);

-- The device's settings as they were read last; a change is an incident.
create table setting (
    device_id   integer not null references device (id),
    setting_id  text not null,
    title       text not null,
    value       real,
    decimals    integer,
    text        text,
    unit        text,
    writable    integer not null,
    read_at     integer not null,
    session_id  integer not null references session (id),
    primary key (device_id, setting_id)
) strict, without rowid;

-- Device clock minus true time.
create table clock_reading (
    id              integer primary key,
    device_id       integer not null references device (id),
    session_id      integer not null references session (id),
    at_ms           integer not null,
    offset_ms       integer not null,
    uncertainty_ms  integer not null
) strict;

create index clock_reading_of_device on clock_reading (device_id, at_ms);

-- What a driver remembers of a device between sessions.
create table driver_memory (
    device_id  integer not null references device (id),
    driver     text not null,
    key        text not null,
    value      blob not null,
    primary key (device_id, driver, key)
) strict, without rowid;

-- Where an archive reading that was cut goes on.
create table resume (
    device_id      integer not null references device (id),
    kind           text not null,
    driver_digest  text not null,
    windows        text not null,
    token          blob not null,
    primary key (device_id, kind)
) strict, without rowid;

-- What somebody should look at: a record that came back different, a setting that changed.
create table incident (
    id             integer primary key,
    device_id      integer not null references device (id),
    at             integer not null,
    kind           text not null,     -- record-changed, columns-added, setting-changed.
    old_record_id  integer references record (id),
    new_record_id  integer references record (id),
    session_id     integer not null references session (id),
    text           text not null
) strict;

create index incident_of_device on incident (device_id, id);
