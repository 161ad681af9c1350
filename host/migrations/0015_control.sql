-- Orders to change a device: a journal. Nothing is removed from it, and the sessions that it names stay.
create table control_order (
    id               integer primary key,
    device_id        integer not null references device (id),
    setting          text,               -- The setting that gets a value; null: a command.
    value            text,               -- As it was asked for.
    command          text,               -- The driver's own command; null: a setting.
    arguments        text not null,      -- JSON: argument to text.
    why              text not null,
    state            text not null,      -- asked, shown, confirmed, done, refused, failed, differs, unknown.
    text             text not null,      -- What came of it, in words.
    asked_by         text not null,      -- Who: until there are accounts, "api".
    asked_at_ms      integer not null,
    looked_session   integer references session (id),
    shown            text,               -- JSON: what was shown: id, title, unit, value.
    token            text,               -- Confirms what was shown; null once it is used or void.
    expires_at_ms    integer,
    confirmed_by     text,
    confirmed_at_ms  integer,
    wrote_session    integer references session (id),
    written_at_ms    integer,            -- When the write began; null: nothing was written.
    held             text                -- JSON: what the device held afterwards, as shown.
) strict;

create index control_order_of_device on control_order (device_id, id);
create index control_order_looked on control_order (looked_session) where looked_session is not null;
create index control_order_wrote on control_order (wrote_session) where wrote_session is not null;
