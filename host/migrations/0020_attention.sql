-- What people said of a node's trouble: that they know of it, and who deals with it. Both hold for what was wrong then.

create table node_care (
    node_id             integer primary key references node (id),
    acknowledged_at     integer,
    acknowledged_by     text,
    acknowledged_state  text,    -- driver-fault, no-connection, late, abnormal.
    acknowledged_cause  text,    -- What exactly, as the list of attention told it.
    assigned_at         integer,
    assigned_to         text,
    assigned_by         text
) strict;
