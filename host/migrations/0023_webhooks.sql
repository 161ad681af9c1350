-- Programs that are told of what happens: where, of what, how far, and what came of it.

create table webhook (
    id             integer primary key autoincrement,  -- Of one that was removed no other gets the key.
    name           text not null unique,
    url            text not null,
    kinds          text not null,      -- Words between blanks: record, session, node, control.
    secret         text not null,      -- What is sent is signed with it: it is needed in clear.
    enabled        integer not null,
    record_cursor  integer not null,   -- Records up to this one are told, or in a delivery.
    event_cursor   integer not null,   -- The same of host_event.
    missed         integer not null default 0,  -- Events that were removed before they were told.
    created_at     integer not null
) strict;

-- What happened beside records, in the order of commits, until everybody was told who wants it.
create table host_event (
    id       integer primary key autoincrement,
    at       integer not null,
    kind     text not null,     -- session: one ended; node: its state is another; control: an order came to its end.
    subject  integer not null,  -- Key of the session, node or order.
    was      text,              -- Of a node: the state before.
    became   text not null      -- Outcome of the session, state of the node or the order.
) strict;

-- Some records or events for one webhook: sent until they are taken, or too often.
create table webhook_delivery (
    id          integer primary key autoincrement,
    webhook_id  integer not null references webhook (id),
    kind        text not null,     -- records, events.
    state       text not null,     -- pending, done, dead, again: dead, and to be tried once more.
    first_id    integer not null,  -- Of the records or events.
    last_id     integer not null,
    items       text,              -- Of events, JSON, until they are taken; records are read when they are sent.
    attempts    integer not null default 0,
    created_at  integer not null,
    next_at_ms  integer not null,  -- Not before.
    ended_at    integer,
    status      integer,           -- HTTP status of the last answer; null: there was none.
    fault       text               -- What was wrong the last time.
) strict;

create index webhook_delivery_of_webhook on webhook_delivery (webhook_id, state, id);

-- The states of nodes that were told last.
create table node_told (
    node_id  integer primary key references node (id),
    state    text not null
) strict;

create trigger session_told after update of outcome on session
when old.outcome is null and new.outcome is not null
    and exists (select 1 from webhook where enabled = 1 and instr(kinds, 'session'))
begin
    insert into host_event (at, kind, subject, became) values (new.ended_at_ms / 1000, 'session', new.id, new.outcome);
end;

create trigger control_told after update of state on control_order
when old.state <> new.state and new.state in ('done', 'refused', 'failed', 'differs', 'unknown')
    and exists (select 1 from webhook where enabled = 1 and instr(kinds, 'control'))
begin
    insert into host_event (at, kind, subject, became) values (unixepoch(), 'control', new.id, new.state);
end;
