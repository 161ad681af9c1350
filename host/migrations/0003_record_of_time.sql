-- Questions over all devices for a period ("last month, every site") find their records without looking at the others.

create index record_of_time on record (kind, starts_at);
