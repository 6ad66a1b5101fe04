//! The recovery code as a person writes it down: groups of letters and digits with a checksum.
//! It is not made of words, so that nobody takes it for the seed words of a key.
//!
//! 17 random bytes and the first 3 bytes of their SHA-256 in Crockford's base32: 32 characters in 8 groups of 4.

use murmel_ipc::{ErrorCode, SecretText};
use nostr::secp256k1::rand::{RngCore as _, rngs::OsRng};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// 136 bits: out of reach even of somebody who has the file.
const RANDOM: usize = 17;
const CHECK: usize = 3;
const LETTERS: usize = (RANDOM + CHECK) * 8 / 5;
const GROUP: usize = 4;
/// Without I, L, O and U (Crockford).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new code, in groups.
pub(crate) fn make() -> SecretText {
    let mut bytes = Zeroizing::new([0_u8; RANDOM]);
    OsRng.fill_bytes(bytes.as_mut_slice());
    grouped(bytes.as_slice())
}

fn grouped(random: &[u8]) -> SecretText {
    let digest = Sha256::digest(random);
    // Whole capacity at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * LETTERS));
    let (mut bits, mut held, mut written) = (0_u32, 0_u32, 0_usize);
    for byte in random.iter().chain(digest.iter().take(CHECK)) {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            if written > 0 && written % GROUP == 0 {
                text.push('-');
            }
            let letter = ALPHABET.get(usize::try_from((held >> bits) & 31).unwrap_or_default());
            text.push(char::from(letter.copied().unwrap_or_default()));
            written += 1;
        }
        held &= (1 << bits) - 1;
    }
    SecretText::from(text)
}

/// A code as it was typed, in the form that seals: without groups, in capitals, O read as 0 and I and L as 1.
///
/// # Errors
/// `InvalidInput` for a typing error.
pub(crate) fn read(typed: &str) -> Result<Zeroizing<String>> {
    let mut letters = Zeroizing::new(String::with_capacity(LETTERS + 1));
    for letter in typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        letters.push(match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        });
        if letters.len() > LETTERS {
            return Err(mistyped("is too long"));
        }
    }
    if letters.len() < LETTERS {
        return Err(mistyped("is too short"));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(RANDOM + CHECK));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in letters.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter).ok_or_else(|| mistyped("has a character that no code has"))?;
        held = (held << 5) | u32::try_from(value).unwrap_or_default();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 255).unwrap_or_default());
            held &= (1 << bits) - 1;
        }
    }
    let (random, check) = bytes.split_at_checked(RANDOM).ok_or_else(|| mistyped("is too short"))?;
    if Sha256::digest(random).get(..CHECK) == Some(check) { Ok(letters) } else { Err(mistyped("has a typing error")) }
}

fn mistyped(what: &str) -> Error {
    Error::new(ErrorCode::InvalidInput, format!("The recovery code {what}. It has 8 groups of 4 letters and digits; check it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_was_made_and_as_people_type_it() {
        let code = make();
        assert_eq!(code.len(), LETTERS + LETTERS / GROUP - 1);
        let kept = read(&code).unwrap();
        assert_eq!(kept.len(), LETTERS);
        assert_eq!(read(&code.to_lowercase().replace('-', " ")).unwrap(), kept);
        assert_eq!(read(&format!(" {}\n", kept.replace('0', "o").replace('1', "l"))).unwrap(), kept);
        assert_ne!(read(&make()).unwrap(), kept);
    }

    #[test]
    fn one_wrong_letter_or_two_swapped_ones_are_noticed() {
        let kept = read(&grouped(&[7; RANDOM])).unwrap();
        for at in 0..LETTERS {
            let mut wrong: Vec<u8> = kept.bytes().collect();
            wrong[at] = if wrong[at] == b'Z' { b'Y' } else { b'Z' };
            assert_eq!(read(std::str::from_utf8(&wrong).unwrap()).unwrap_err().code, ErrorCode::InvalidInput, "at {at}");
            let mut swapped: Vec<u8> = kept.bytes().collect();
            swapped.swap(at, (at + 1) % LETTERS);
            if swapped != kept.as_bytes() {
                assert!(read(std::str::from_utf8(&swapped).unwrap()).is_err(), "at {at}");
            }
        }
        for bad in [String::new(), "U".repeat(LETTERS), kept.chars().skip(1).collect(), format!("{}0", &*kept)] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
