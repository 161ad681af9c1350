-- Packages stand apart from the rows that change with each step of a version: SQLite writes and reads a row whole, and a
-- package may have megabytes.

create table driver_package (
    digest   text primary key references driver_version (digest),
    package  blob not null
) strict;

insert into driver_package (digest, package)
select digest, package from driver_version where package is not null;

alter table driver_version drop column package;
