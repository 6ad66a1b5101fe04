//! What sending and receiving a message is made of, each measured alone: signatures, ciphers, and the rows.
//! The sum is the limit that the product is compared with; no protocol is in it.

use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit as _, Nonce, aead::Aead as _};
use nostr::secp256k1::{Keypair, Message};
use nostr::{Keys, SECP256K1};
use openmls::prelude::{AeadType, SignatureScheme};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto as _;

use crate::rows::Report;
use crate::time::each;

const ROUNDS: usize = 25;
const TIMES: usize = 200;

/// Microseconds for one operation each.
pub struct Primitives {
    schnorr_sign: f64,
    schnorr_verify: f64,
    keygen: f64,
    ed25519_sign: f64,
    ed25519_verify: f64,
    aes_seal: f64,
    aes_open: f64,
    chacha_seal: f64,
    chacha_open: f64,
}

impl Primitives {
    /// Measures them. `inner`: bytes of a plaintext; `outer`: bytes of the MLS message around it.
    ///
    /// # Errors
    /// A primitive fails.
    pub fn measure(inner: usize, outer: usize) -> anyhow::Result<Self> {
        let crypto = RustCrypto::default();
        let keypair = Keypair::new(SECP256K1, &mut nostr::secp256k1::rand::thread_rng());
        let digest = Message::from_digest([9; 32]);
        let signature = SECP256K1.sign_schnorr(&digest, &keypair);
        let public = keypair.x_only_public_key().0;
        let (secret, own) = crypto.signature_key_gen(SignatureScheme::ED25519)?;
        // What MLS signs is the framed content: the plaintext, the context and some fields.
        let framed = vec![3; inner + 200];
        let signed = crypto.sign(SignatureScheme::ED25519, &framed, &secret)?;
        let (plain, message) = (vec![1; inner], vec![2; outer]);
        let (aes_key, nonce) = ([4; 16], [5; 12]);
        let sealed = crypto.aead_encrypt(AeadType::Aes128Gcm, &aes_key, &plain, &nonce, &[])?;
        let chacha = ChaCha20Poly1305::new(Key::from_slice(&[6; 32]));
        let failed = |_| anyhow::anyhow!("ChaCha20-Poly1305");
        let wrapped = chacha.encrypt(Nonce::from_slice(&nonce), message.as_slice()).map_err(failed)?;
        Ok(Self {
            schnorr_sign: each(ROUNDS, TIMES, || Ok(SECP256K1.sign_schnorr(&digest, &keypair)))?,
            schnorr_verify: each(ROUNDS, TIMES, || Ok(SECP256K1.verify_schnorr(&signature, &digest, &public)?))?,
            keygen: each(ROUNDS, TIMES, || Ok(Keys::generate().public_key()))?,
            ed25519_sign: each(ROUNDS, TIMES, || Ok(crypto.sign(SignatureScheme::ED25519, &framed, &secret)?))?,
            ed25519_verify: each(ROUNDS, TIMES, || Ok(crypto.verify_signature(SignatureScheme::ED25519, &framed, &own, &signed)?))?,
            aes_seal: each(ROUNDS, TIMES, || Ok(crypto.aead_encrypt(AeadType::Aes128Gcm, &aes_key, &plain, &nonce, &[])?))?,
            aes_open: each(ROUNDS, TIMES, || Ok(crypto.aead_decrypt(AeadType::Aes128Gcm, &aes_key, &sealed, &nonce, &[])?))?,
            chacha_seal: each(ROUNDS, TIMES, || chacha.encrypt(Nonce::from_slice(&nonce), message.as_slice()).map_err(failed))?,
            chacha_open: each(ROUNDS, TIMES, || chacha.decrypt(Nonce::from_slice(&nonce), wrapped.as_slice()).map_err(failed))?,
        })
    }

    /// Of a message that is sent, without its rows.
    pub fn send(&self) -> f64 {
        self.schnorr_sign + self.keygen + self.ed25519_sign + self.aes_seal + self.chacha_seal
    }

    /// Of a message that is received, without its rows.
    pub fn receive(&self) -> f64 {
        self.schnorr_verify + self.ed25519_verify + self.aes_open + self.chacha_open
    }

    /// Prints each.
    pub fn print(&self, report: &mut Report) {
        for (name, value) in [
            ("schnorr sign", self.schnorr_sign),
            ("schnorr verify", self.schnorr_verify),
            ("secp256k1 keygen", self.keygen),
            ("ed25519 sign", self.ed25519_sign),
            ("ed25519 verify", self.ed25519_verify),
            ("aes-128-gcm seal", self.aes_seal),
            ("aes-128-gcm open", self.aes_open),
            ("chacha20-poly1305 seal", self.chacha_seal),
            ("chacha20-poly1305 open", self.chacha_open),
        ] {
            report.fact(format!("primitive/{name}"), value, "µs", "");
        }
    }
}
