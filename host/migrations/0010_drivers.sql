-- Versions of drivers, who may make them, and everything that was done with them. What each column means is in
-- docs/database.md.

create table vendor_key (
    id          text primary key,     -- Its number, as minisign shows it.
    public      text not null,
    name        text not null,        -- Whose it is, for people.
    vendor      text not null,        -- What manifests must name as vendor.
    roles       text not null,        -- JSON list of read, configure, control.
    models      text not null,        -- JSON list of models that its packages may claim; ["*"]: any.
    valid_from  integer,
    valid_to    integer,
    added_at    integer not null,
    added_by    text not null,
    revoked_at  integer,
    revoked_why text
) strict;

create table driver_revoked (
    digest  text primary key,         -- Of a component.
    at      integer not null,
    who     text not null,
    why     text not null
) strict;

create table driver_version (
    digest        text primary key,   -- SHA-256 of the component: what sessions name.
    driver        text not null,
    version       text not null,
    vendor        text not null,
    origin        text not null,      -- package, or the file in the folder of drivers.
    manifest      text,               -- JSON; null without a package.
    package       blob,
    signed_by     text,               -- Number of the vendor's key; null: nobody.
    granted       text not null,      -- JSON list of diagnostics, configure, control.
    state         text not null,
    since         integer not null,   -- When it got there.
    why           text not null,
    installed_at  integer not null,
    shadow        text,               -- JSON: report of the last shadow run.
    canary        text                -- JSON: which devices, and what is expected of them.
) strict;

create unique index driver_version_active on driver_version (driver) where state = 'active';
create unique index driver_version_canary on driver_version (driver) where state = 'canary';

-- Append-only.
create table driver_event (
    id          integer primary key,
    at          integer not null,
    driver      text not null,
    version     text not null,
    digest      text not null,        -- Of a component, or number of a key.
    who         text not null,
    from_state  text,
    to_state    text not null,        -- A state, or what was done: refused, key-added, key-revoked, digest-revoked.
    why         text not null
) strict;

create index driver_event_of_driver on driver_event (driver, id);

create trigger driver_event_stays before update on driver_event begin
    select raise(abort, 'what was done with drivers is not changed');
end;

create trigger driver_event_remains before delete on driver_event begin
    select raise(abort, 'what was done with drivers is not deleted');
end;

insert into revision (subject, number) values ('drivers', 0);
