-- Modems that called a listener of ours, and what people decided about them. What each column means is in
-- docs/database.md.

create table caller (
    id              integer primary key,
    listener        text not null,
    identity        text not null,    -- ? and the source address: it did not say who it is.
    state           text not null,    -- new, approved, refused.
    source          text not null,    -- Address that it called from last.
    first_seen_at   integer not null,
    last_seen_at    integer not null,
    connects        integer not null,
    bytes_received  integer not null,
    bytes_sent      integer not null,
    greeting        text not null,    -- The first 64 bytes of the newest greeting in hex.
    fault           text,             -- What was wrong with that greeting.
    signal_csq      integer,          -- As the modem told it, 0 to 31.
    unique (listener, identity)
) strict;

create index caller_of_state on caller (state, last_seen_at);
create index caller_of_address on caller (listener || '/' || identity);

insert into revision (subject, number) values ('callers', 0);
