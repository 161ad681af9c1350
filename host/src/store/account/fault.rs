//! Why an account cannot be changed so.

/// Why an account cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// There is none.
    #[error("there is no account {0}")]
    NoAccount(i64),
    /// Another has the name.
    #[error("an account has the name {0:?} already")]
    NameTaken(String),
    /// A grant names what is not there.
    #[error("there is no {what} {id} to grant a role over")]
    NoSubject {
        /// `organisation`, `site` or `node`.
        what: &'static str,
        /// Its key.
        id: i64,
    },
    /// Nobody could do anything about accounts any more.
    #[error("it is the last account of a person that administers everything")]
    LastAdministrator,
    /// A machine has no password, a person no key.
    #[error("the account is one of a {0}: it has no such thing")]
    OtherKind(&'static str),
    /// There is no such key, or it is revoked.
    #[error("there is no key {0} that holds")]
    NoKey(i64),
    /// There is no such sign-in.
    #[error("there is no sign-in {0}")]
    NoSignIn(i64),
    /// No second factor waits to be confirmed, or the code was taken before.
    #[error("there is no second factor that this code confirms")]
    NoCode,
    /// It has as many as an account may have.
    #[error("the account has {0} keys that hold: end one of them first")]
    TooMany(u32),
}
