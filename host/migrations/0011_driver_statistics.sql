-- What the sessions of each version of a driver came to, a row an hour and outcome: a month of a version is some thousands
-- of rows, where the journal has millions. Tunnels are none of it, in which no driver speaks, nor what was brought by hand.
create table driver_hour (
    digest             text not null,     -- Of the component.
    starts_at          integer not null,  -- Begin of the hour in which the sessions ended.
    outcome            text not null,
    sessions           integer not null,
    ran                integer not null,  -- Of them, those in which the driver came to run.
    cpu_ms             integer not null,
    wall_ms            integer not null,
    memory_peak_bytes  integer not null,  -- The most of any session.
    memory_sum_bytes   integer not null,  -- Peaks of those that ran, added up.
    bytes_sent         integer not null,
    bytes_received     integer not null,
    exchanges          integer not null,
    retries            integer not null,
    records_added      integer not null,
    primary key (digest, starts_at, outcome)
) strict, without rowid;

insert into driver_hour
select driver_digest, ended_at_ms / 3600000 * 3600, outcome, count(*), sum(memory_peak_bytes > 0), sum(cpu_ms),
       sum(wall_ms), max(memory_peak_bytes), sum(memory_peak_bytes), sum(bytes_sent), sum(bytes_received), sum(exchanges),
       sum(retries), sum(records_added)
from session
where outcome is not null and driver_digest <> '' and reason not in ('tunnel', 'by-hand')
group by 1, 2, 3;

-- The newest sessions of a version: the key of a session follows the digest in the index.
drop index session_of_driver;
create index session_of_version on session (driver_digest);
