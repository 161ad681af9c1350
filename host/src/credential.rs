//! What proves who somebody is: passwords, tokens, codes of a second factor. What is kept of a password or a token
//! cannot be turned back into it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Totp};

use crate::limits;

/// Characters of a secret that people type: none of them is taken for another.
const TYPED: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Issuer of the codes, as an application shows it.
const ISSUER: &str = "Uzel";

/// Why there is no secret, or no hash of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The operating system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
    /// A password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// A password is one that anybody may guess.
    #[error("the password {0}")]
    Weak(&'static str),
    /// The secret of a second factor is damaged.
    #[error("the secret of the second factor is damaged: {0}")]
    Code(String),
}

/// How often a password was hashed since the program started: what a sign-in costs.
static HASHED: AtomicU64 = AtomicU64::new(0);

/// Verified when nobody has the name that somebody signs in with: it costs what a wrong password costs.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// Hash of a password, argon2id in the PHC format. Takes tens of milliseconds: call it where it holds nobody up.
pub fn hash(password: &str) -> Result<String, CredentialError> {
    HASHED.fetch_add(1, Ordering::Relaxed);
    let made: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &random::<16>()?);
    made.map(|hash| hash.to_string())
        .map_err(|error| CredentialError::Hash(error.to_string()))
}

/// Whether `password` is the one that was hashed; without a hash it takes as long and is false.
pub fn verify(password: &str, hashed: Option<&str>) -> bool {
    HASHED.fetch_add(1, Ordering::Relaxed);
    let Ok(hash) = PasswordHash::new(hashed.unwrap_or(&NOBODY)) else {
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok() && hashed.is_some()
}

/// How often a password was hashed since the program started.
pub fn hashed() -> u64 {
    // The hash of nobody is made before it is counted what a sign-in costs.
    LazyLock::force(&NOBODY);
    HASHED.load(Ordering::Relaxed)
}

/// Whether a password may be used by the account `name`.
pub fn check_password(name: &str, password: &str) -> Result<(), CredentialError> {
    let characters = password.chars().count();
    if characters < limits::PASSWORD_CHARS {
        return Err(CredentialError::Weak("is shorter than 10 characters"));
    }
    if password.len() > limits::PASSWORD_BYTES {
        return Err(CredentialError::Weak("is longer than 512 bytes"));
    }
    let first = password.chars().next();
    if password.chars().all(|char| Some(char) == first) {
        return Err(CredentialError::Weak("is one character many times"));
    }
    let lower = password.to_lowercase();
    if !name.is_empty() && lower.contains(&name.to_lowercase()) {
        return Err(CredentialError::Weak("contains the name of the account"));
    }
    if ["password", "qwerty", "12345678", "пароль", "йцукен"]
        .iter()
        .any(|common| lower.starts_with(common))
    {
        return Err(CredentialError::Weak("begins as those do that everybody tries first"));
    }
    Ok(())
}

/// A secret that is typed once: 24 characters, 118 bits.
pub fn one_time() -> Result<String, CredentialError> {
    let bytes = random::<24>()?;
    // The first characters come a little more often than the others: it costs less than a bit.
    let letter = |byte: &u8| char::from(TYPED[usize::from(*byte) % TYPED.len()]);
    let letters: Vec<String> = bytes
        .chunks(6)
        .map(|part| part.iter().map(letter).collect::<String>())
        .collect();
    Ok(letters.join("-"))
}

/// A token that programs carry: 256 bits in hex.
pub fn token() -> Result<String, CredentialError> {
    Ok(hex(&random::<32>()?))
}

/// What is kept of a token. It has 256 random bits, so nobody can try them all, and it need not cost time.
pub fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Secret of a second factor, 160 bits (RFC 4226, section 4).
pub fn code_secret() -> Result<Vec<u8>, CredentialError> {
    random::<20>().map(Vec::from)
}

/// What an application takes the secret from: in base 32, and as an address that a QR code shows.
pub fn code_shown(secret: &[u8], account: &str) -> Result<(String, String), CredentialError> {
    let totp = totp(secret, Some(account))?;
    let url = totp
        .to_url()
        .map_err(|error| CredentialError::Code(error.to_string()))?;
    Ok((totp_rs::Secret::from(secret).to_base32(), url))
}

/// The step of 30 seconds that `code` belongs to at `now` in Unix seconds, a step to either side for a clock that is
/// off (RFC 6238); none: it is wrong.
pub fn code_step(secret: &[u8], code: &str, now: i64) -> Result<Option<i64>, CredentialError> {
    let digits: String = code.chars().filter(|char| !char.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let step = totp(secret, None)?.check(&digits, u64::try_from(now).unwrap_or_default());
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// `text` as a QR code, an SVG without anything that a strict content policy forbids.
pub fn qr(text: &str) -> Result<String, CredentialError> {
    let code = qrcode::QrCode::new(text.as_bytes()).map_err(|error| CredentialError::Code(error.to_string()))?;
    Ok(code
        .render::<qrcode::render::svg::Color>()
        .min_dimensions(200, 200)
        .build())
}

fn totp(secret: &[u8], account: Option<&str>) -> Result<Totp, CredentialError> {
    let mut builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER));
    if let Some(account) = account {
        // The format separates issuer and account by a colon.
        builder = builder.with_account_name(account.replace(':', "."));
    }
    builder
        .build()
        .map_err(|error| CredentialError::Code(error.to_string()))
}

fn random<const N: usize>() -> Result<[u8; N], CredentialError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CredentialError::Random(error.to_string()))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_nothing_else_is() {
        let hashed = hash("correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify("correct horse", Some(&hashed)));
        for (password, hashed) in [
            ("correct hors", Some(hashed.as_str())),
            ("", Some(hashed.as_str())),
            ("nobody has this password", None),
            ("correct horse", Some("not a hash")),
            ("correct horse", Some("")),
        ] {
            assert!(!verify(password, hashed), "{password} {hashed:?}");
        }
    }

    #[test]
    fn guessable_passwords_are_refused() {
        for weak in [
            "short",
            "aaaaaaaaaaaa",
            "password1234",
            "Пароль123456",
            "12345678901",
            "xx-Ivanov-xx",
        ] {
            assert!(check_password("ivanov", weak).is_err(), "{weak}");
        }
        assert!(check_password("ivanov", &"ab".repeat(400)).is_err());
        for fine in ["correct horse", "тёплая вода", "ЖЖjk-8812-pp"] {
            assert_eq!(check_password("ivanov", fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, the last six of eight digits.
        let secret = b"12345678901234567890";
        for (now, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_step(secret, code, now).unwrap(), Some(now / 30), "{now}");
            assert_eq!(code_step(secret, code, now + 90).unwrap(), None, "{now}");
        }
        assert_eq!(code_step(secret, "287 082", 59).unwrap(), Some(1));
        for wrong in ["", "28708", "2870822", "28708a", "２８７０８２"] {
            assert_eq!(code_step(secret, wrong, 59).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn the_secret_of_a_second_factor_is_shown_as_applications_read_it() {
        let (text, url) = code_shown(b"12345678901234567890", "ivanov:heat").unwrap();
        assert_eq!(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(
            url.starts_with("otpauth://totp/Uzel:ivanov.heat?secret=GEZDGNBV"),
            "{url}"
        );
        let picture = qr(&url).unwrap();
        assert!(picture.contains("<svg") && !picture.contains("<script"), "{picture}");
    }

    #[test]
    fn secrets_differ() {
        let one = one_time().unwrap();
        assert_eq!(one.len(), 27);
        assert_ne!(one, one_time().unwrap());
        assert_ne!(token().unwrap(), token().unwrap());
        assert_eq!(digest("a"), digest("a"));
    }
}
