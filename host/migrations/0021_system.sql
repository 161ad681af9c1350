-- What the host knows of itself: how large its database was, which copies of it were made.

-- The last look of each day.
create table store_size (
    day    integer primary key,   -- Days since 1970-01-01, UTC.
    bytes  integer not null,      -- Of the main file.
    free   integer not null       -- Of these, what new rows take before the file grows.
) strict;

-- Copies that the host made, or tried to make, because somebody asked for one.
create table backup (
    id          integer primary key,
    file        text not null,    -- Name in the folder of backups.
    started_at  integer not null,
    ended_at    integer not null,
    who         text not null,
    bytes       integer,          -- Null: there is none, fault says why.
    schema      integer,          -- Number of its schema.
    fault       text              -- Null: it is whole, every page and every reference of it was checked.
) strict;
