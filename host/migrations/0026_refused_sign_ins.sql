-- Sign-ins that were refused, those of an hour together. Bounded: the oldest rows go.

create table refused_sign_in (
    id            integer primary key,
    account_id    integer references account (id),  -- Whose name it was; null: nobody's, and what was typed is not kept.
    from_address  text not null,
    why           text not null,     -- wrong-password, wrong-code, unknown-name, too-early, provider, not-written.
    began_at      integer not null,
    last_at       integer not null,
    count         integer not null
) strict;

create index refused_sign_in_of_address on refused_sign_in (from_address, why, account_id);

-- Who an account is to a provider of identities (OpenID Connect). Its name there may change, the subject does not.
create table account_provider (
    account_id  integer primary key references account (id),
    issuer      text not null,
    subject     text not null,
    linked_at   integer not null,
    unique (issuer, subject)
) strict;

alter table sign_in add column by_provider integer not null default 0;  -- 1: a provider of identities said who it is.
