//! Owns the one type in which a secret comes in from the window.
//! It is never printed, copied or sent back.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};
use ts_rs::TS;
use zeroize::Zeroizing;

/// A passphrase, password, key or code as it was typed. Wiped when it is dropped; `Debug` shows nothing of it, and there is no `Clone`
/// and no `Serialize`.
#[derive(TS)]
#[ts(type = "string")]
pub struct SecretText(#[ts(skip)] Zeroizing<String>);

impl SecretText {
    /// The text, for as long as the wiping holder lives.
    pub fn into_inner(self) -> Zeroizing<String> {
        self.0
    }
}

impl Deref for SecretText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<Zeroizing<String>> for SecretText {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use crate::{ChangePassphrase, ImportIdentity, NewIdentity, Recover, Unlock};

    /// Every argument that carries a secret, with the same one in each of its places.
    #[test]
    fn printing_an_argument_shows_nothing_of_its_secrets() {
        let secret = "correct horse battery staple";
        let printed = [
            format!("{:?}", NewIdentity { name: "Ada".into(), passphrase: Some(secret.into()) }),
            format!(
                "{:?}",
                ImportIdentity {
                    key: secret.into(),
                    password: Some(secret.into()),
                    passphrase: Some(secret.into()),
                    account_index: Some(1)
                }
            ),
            format!("{:?}", Unlock { passphrase: secret.into() }),
            format!("{:?}", Recover { code: secret.into(), passphrase: Some(secret.into()) }),
            format!("{:#?}", ChangePassphrase { old: secret.into(), new: secret.into() }),
        ];
        for text in printed {
            assert!(text.contains("SecretText(…)"), "{text}");
            assert!(secret.split(' ').all(|word| !text.contains(word)), "{text}");
        }
    }
}
