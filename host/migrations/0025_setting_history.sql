-- Every value that a setting was ever read with: a row when it is new, or another than before.
create table setting_history (
    device_id   integer not null references device (id),
    setting_id  text not null,
    read_at     integer not null,
    title       text not null,
    value       real,
    decimals    integer,
    text        text,
    unit        text,
    session_id  integer not null references session (id),
    primary key (device_id, setting_id, read_at)
) strict, without rowid;

create index setting_history_of_device on setting_history (device_id, read_at);
create index setting_history_of_session on setting_history (session_id);

-- What is known so far: the present values, since they were read last.
insert into setting_history (device_id, setting_id, read_at, title, value, decimals, text, unit, session_id)
select device_id, setting_id, read_at, title, value, decimals, text, unit, session_id from setting;
