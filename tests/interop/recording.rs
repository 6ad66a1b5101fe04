//! A recording of a real White Noise group, as one passive client saw it.

use std::path::Path;

use murmel_engine::{Device, KeyPackageRef};
use nostr::{Event, Keys};
use openmls::prelude::KeyPackageBundle;
use openmls_basic_credential::SignatureKeyPair;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Recording {
    pub recorded_at: i64,
    pub client: Client,
    pub events: Vec<Event>,
    pub expected: Expected,
}

#[derive(Deserialize)]
pub struct Client {
    nostr_secret_key: String,
    key_package: KeyPackageFields,
}

#[derive(Deserialize)]
struct KeyPackageFields {
    key_package_ref: String,
    signature_private_key: String,
    signature_public_key: String,
    openmls_key_package_bundle_json: Value,
    event_30443: Event,
}

#[derive(Deserialize)]
pub struct Expected {
    pub per_event: Vec<PerEvent>,
    #[serde(rename = "final")]
    pub last: Value,
    pub application_events: Vec<Value>,
}

#[derive(Deserialize)]
pub struct PerEvent {
    pub disposition: String,
    pub mls_message_sha256: Option<String>,
    pub sender: Option<String>,
    pub committer: Option<String>,
    pub inviter: Option<String>,
    pub inner_json: Option<String>,
    pub source_epoch: Option<u64>,
    pub expiration: Option<u64>,
    pub state: Option<Value>,
}

/// The text of a file among the recordings.
pub fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/recordings").join(name);
    std::fs::read_to_string(path).expect("a recording")
}

impl Recording {
    pub fn load(name: &str) -> Self {
        serde_json::from_str(&read(name)).expect("a recording")
    }

    pub fn keys(&self) -> Keys {
        Keys::parse(&self.client.nostr_secret_key).expect("a secret key")
    }

    /// The client's device, from its raw leaf key and the proof in its published key package.
    pub fn device(&self) -> Device {
        let fields = &self.client.key_package;
        let decode = |text: &str| hex::decode(text).expect("hex");
        let signer = SignatureKeyPair::from_raw(
            openmls::prelude::SignatureScheme::ED25519,
            decode(&fields.signature_private_key),
            decode(&fields.signature_public_key),
        );
        let bundle = self.bundle();
        let proof = bundle.key_package().leaf_node().extensions().app_data_dictionary().expect("a dictionary").dictionary().get(&0x8009);
        Device::from_parts(self.keys().public_key(), signer, proof.expect("a proof")).expect("a proof that vouches for the leaf key")
    }

    pub fn bundle(&self) -> KeyPackageBundle {
        serde_json::from_value(self.client.key_package.openmls_key_package_bundle_json.clone()).expect("a key package bundle")
    }

    pub fn key_package_ref(&self) -> KeyPackageRef {
        KeyPackageRef::from_hex(&self.client.key_package.key_package_ref).expect("a key package reference")
    }

    pub fn key_package_event(&self) -> &Event {
        &self.client.key_package.event_30443
    }
}
