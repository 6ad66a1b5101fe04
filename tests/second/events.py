"""Nostr events: ids, signatures, the account proof, and the inner events of application messages."""

import hashlib
import json

from coincurve import PublicKeyXOnly

from wire import Malformed, need

PROOF_TEXT = "Authorize this MLS leaf key for my Marmot account"
INNER_KEYS = {"id", "pubkey", "created_at", "kind", "tags", "content"}


def event_id(pubkey, created_at, kind, tags, content):
    fields = json.dumps([0, pubkey, created_at, kind, tags, content], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(fields.encode("utf-8")).hexdigest()


def is_signed(pubkey, message, signature):
    try:
        return PublicKeyXOnly(bytes.fromhex(pubkey)).verify(bytes.fromhex(signature), bytes.fromhex(message))
    except ValueError:
        return False


def check_event(event):
    own_id = event_id(event["pubkey"], event["created_at"], event["kind"], event["tags"], event["content"])
    need(own_id == event["id"], "the id is another one")
    need(is_signed(event["pubkey"], own_id, event["sig"]), "the signature is false")


def tag(event, name):
    found = [one for one in event["tags"] if one and one[0] == name]
    need(len(found) == 1, f"the tag {name} has to be there once")
    return found[0][1:]


def proof_id(account, leaf_key, created_at):
    tags = [
        ["d", "marmot.account-identity-proof.v2"],
        ["component", "0x8009"],
        ["ciphersuite", "0x0001"],
        ["signature_scheme", "0x0807"],
        ["mls_signature_key", leaf_key.hex()],
    ]
    return event_id(account, created_at, 450, tags, PROOF_TEXT)


def check_proof(proof, account, leaf_key):
    need(len(proof) == 104, "a proof has 104 bytes")
    named, created_at, signature = proof[:32].hex(), int.from_bytes(proof[32:40], "big"), proof[40:].hex()
    need(1 <= created_at < 2**53, "the proof's time")
    need(named == account, "the proof names another account")
    need(is_signed(account, proof_id(account, leaf_key, created_at), signature), "the proof's signature is false")


def inner_event(text):
    def once(pairs):
        keys = [key for key, _ in pairs]
        need(len(keys) == len(set(keys)), "a key is doubled")
        return dict(pairs)

    try:
        event = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    need(isinstance(event, dict) and set(event) == INNER_KEYS, "other keys than the six")
    need(event_id(*(event[key] for key in ("pubkey", "created_at", "kind", "tags", "content"))) == event["id"], "the id is another one")
    return event
