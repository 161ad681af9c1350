//! Keys that sign readings and driver packages: Ed25519 in the format of minisign, so that its own program can verify a manifest as well.

use std::io::Cursor;

use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox, SignatureBox};

/// Why a key or a signature cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key could be made.
    #[error("no key could be made: {0}")]
    New(String),
    /// The text is no secret key.
    #[error("it is no secret key without a password, expected a file of `uzel key new`: {0}")]
    Secret(String),
    /// The text is no public key.
    #[error("{got:?} is no public key, expected 56 characters such as RWQf6LRC…, as `uzel key new` prints them: {why}")]
    Public {
        /// As given.
        got: String,
        /// What is wrong.
        why: String,
    },
    /// Signing failed.
    #[error("the manifest could not be signed: {0}")]
    Sign(String),
}

/// Signs manifests.
pub struct Signer {
    secret: SecretKey,
    public: PublicKey,
}

/// A new key: text of the secret file, text of the public file, and the public key by itself.
pub fn new_key() -> Result<(String, String, String), KeyError> {
    let made = |error: minisign::PError| KeyError::New(error.to_string());
    let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().map_err(made)?;
    let secret = sk.to_box(Some("secret key of uzel")).map_err(made)?.into_string();
    let public = pk.to_box().map_err(made)?.into_string();
    Ok((secret, public, pk.to_base64()))
}

/// Whether `text` is a public key.
pub fn check_public(text: &str) -> Result<(), KeyError> {
    public(text).map(drop)
}

/// The number by which people tell keys apart.
pub fn key_id(text: &str) -> Result<String, KeyError> {
    Ok(id(public(text)?.keynum()))
}

impl Signer {
    /// Reads the text of a secret file.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let wrong = |error: minisign::PError| KeyError::Secret(error.to_string());
        let secret = SecretKeyBox::from_string(text).map_err(wrong)?;
        let secret = secret.into_unencrypted_secret_key().map_err(wrong)?;
        let public = PublicKey::from_secret_key(&secret).map_err(wrong)?;
        Ok(Self { secret, public })
    }

    /// The public key.
    pub fn public(&self) -> String {
        self.public.to_base64()
    }

    /// The text of a signature over `bytes`; `what` they are stands in it for people.
    pub fn sign(&self, bytes: &[u8], what: &str) -> Result<String, KeyError> {
        let comment = Some(what);
        let signed = minisign::sign(Some(&self.public), &self.secret, Cursor::new(bytes), comment, comment);
        Ok(signed.map_err(|error| KeyError::Sign(error.to_string()))?.into_string())
    }
}

/// Who signed, or why it does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This key, which is trusted.
    Signed(String),
    /// This key, which is not among the trusted.
    Unknown(String),
    /// A trusted key is named, but the signature is not over these bytes.
    Broken(String),
}

/// Judges the text of a signature over `bytes`.
pub fn verify(bytes: &[u8], signature: &str, trusted: &[String]) -> Result<Verdict, KeyError> {
    let broken = |error: minisign::PError| Verdict::Broken(error.to_string());
    let signature = match SignatureBox::from_string(signature) {
        Ok(signature) => signature,
        Err(error) => return Ok(broken(error)),
    };
    let signer = id(signature.keynum());
    for key in trusted {
        let key = public(key)?;
        if key.keynum() != signature.keynum() {
            continue;
        }
        return Ok(
            match minisign::verify(&key, &signature, Cursor::new(bytes), true, false, false) {
                Ok(()) => Verdict::Signed(signer),
                Err(error) => broken(error),
            },
        );
    }
    Ok(Verdict::Unknown(signer))
}

fn public(text: &str) -> Result<PublicKey, KeyError> {
    PublicKey::from_base64(text.trim()).map_err(|error| KeyError::Public {
        got: text.chars().take(80).collect(),
        why: error.to_string(),
    })
}

/// As minisign shows it: the number is stored with its lowest byte first.
fn id(number: &[u8]) -> String {
    number.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}
