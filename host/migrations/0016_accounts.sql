-- Who may do what: accounts, what they are granted, and what was done by whom.

create table account (
    id          integer primary key,
    name        text not null unique,  -- As it signs in.
    kind        text not null,         -- person, machine.
    title       text not null,         -- For people.
    enabled     integer not null,
    created_at  integer not null
) strict;

-- A role over everything (all four null), an organisation, a site, a node, or the drivers of a vendor.
create table account_grant (
    id               integer primary key,
    account_id       integer not null references account (id),
    role             integer not null,  -- 1 administrator, 2 dispatcher, 4 engineer, 8 viewer, 16 vendor.
    organisation_id  integer references organisation (id),
    site_id          integer references site (id),
    node_id          integer references node (id),
    vendor           text
) strict;

create index account_grant_of_account on account_grant (account_id);

-- The nodes that an account has, in which role.
create view account_node as
select g.account_id as account_id, g.role as role, g.node_id as node_id from account_grant g where g.node_id is not null
union
select g.account_id, g.role, n.id from account_grant g join node n on n.site_id = g.site_id
union
select g.account_id, g.role, n.id from account_grant g join site s on s.organisation_id = g.organisation_id
join node n on n.site_id = s.id
union
select g.account_id, g.role, n.id from account_grant g join node n
where g.organisation_id is null and g.site_id is null and g.node_id is null and g.vendor is null;

-- What was done: appended to, never changed.
create table audit (
    id            integer primary key,
    at            integer not null,
    account_id    integer,              -- Null: the host itself, the command line, or nobody signed in.
    who           text not null,
    from_address  text not null,
    deed          text not null,        -- device.create, session.cancel, …
    subject       text not null,        -- device, site, driver, …
    subject_id    text not null,
    subject_name  text not null,
    before        text,                 -- JSON; null: it was not there.
    after         text                  -- JSON; null: it is no more.
) strict;

create index audit_of_subject on audit (subject, subject_id, id);
create index audit_of_account on audit (account_id, id);

create trigger audit_stays before update on audit begin
    select raise(abort, 'what was done is not changed');
end;

create trigger audit_remains before delete on audit begin
    select raise(abort, 'what was done is not deleted');
end;
