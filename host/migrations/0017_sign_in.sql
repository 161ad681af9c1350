-- Sign-in: passwords, second factors, who is signed in, keys of programs.

create table account_password (
    account_id  integer primary key references account (id),
    hash        text not null,      -- argon2id, PHC format.
    one_time    integer not null,   -- 1: made by the host; all that it allows is to choose a password.
    set_at      integer not null,
    ends_at     integer             -- Of a one-time secret: until when it holds.
) strict;

-- The second factor: codes of 30 seconds, RFC 6238.
create table account_code (
    account_id    integer primary key references account (id),
    secret        blob not null,
    confirmed_at  integer,            -- Null: shown, but no code of it came yet. It is not asked for.
    used_step     integer not null    -- Step of the last code that was taken: each holds once.
) strict;

-- Who is signed in. The token itself is only in the browser.
create table sign_in (
    id            integer primary key,
    account_id    integer not null references account (id),
    token         blob not null unique,  -- SHA-256.
    begun_at      integer not null,
    seen_at       integer not null,      -- About: written down once a minute at most.
    ends_at       integer not null,      -- However much it is used.
    from_address  text not null,
    agent         text not null          -- What the browser says of itself.
) strict;

create index sign_in_of_account on sign_in (account_id);

-- Keys of programs. The key itself is shown once.
create table api_key (
    id          integer primary key,
    account_id  integer not null references account (id),
    name        text not null,
    token       blob not null unique,  -- SHA-256.
    shown       text not null,         -- How it begins, to tell it apart.
    rights      text not null,         -- Words between blanks: it has no others, whatever its account has.
    addresses   text not null,         -- Networks between blanks that it may come from; empty: any.
    created_at  integer not null,
    ends_at     integer,
    revoked_at  integer,
    used_at     integer,               -- About: written down once a minute at most.
    used_from   text
) strict;

create index api_key_of_account on api_key (account_id);

-- The sites that an account has, in which role: those of its grants, and those where it has nodes.
create view account_site as
select g.account_id as account_id, g.role as role, g.site_id as site_id from account_grant g where g.site_id is not null
union
select g.account_id, g.role, s.id from account_grant g join site s on s.organisation_id = g.organisation_id
union
select g.account_id, g.role, n.site_id from account_grant g join node n on n.id = g.node_id
union
select g.account_id, g.role, s.id from account_grant g join site s
where g.organisation_id is null and g.site_id is null and g.node_id is null and g.vendor is null;
