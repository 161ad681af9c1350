-- How far old sessions and traces were looked through: by the time of their start, then by key.
create table retention (
    subject        text primary key,   -- traces, sessions.
    started_at_ms  integer not null,
    session_id     integer not null
) strict, without rowid;

insert into retention (subject, started_at_ms, session_id) values ('traces', 0, 0), ('sessions', 0, 0);

create index session_of_time on session (started_at_ms);

-- What a session brought: it is kept as long as any of it.
create index record_of_session on record (session_id);
create index absence_of_session on absence (session_id);
create index device_event_of_session on device_event (session_id);
create index setting_of_session on setting (session_id);
create index clock_reading_of_session on clock_reading (session_id);
create index incident_of_session on incident (session_id);
create index device_state_of_session on device_state (last_session_id);
