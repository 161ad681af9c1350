-- What a session was asked, as JSON: with the trace it is all that is needed to hold the session again. It goes when
-- the trace goes. Null: the session is older than this column.
alter table trace add column asked text;

-- Of a session that was brought by hand: SHA-256 of the manifest of its package, so that a package is taken once.
alter table session add column package text;

create index session_of_package on session (package) where package is not null;
