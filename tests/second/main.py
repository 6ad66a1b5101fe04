"""A second reader of Marmot's wire, written from its description and sharing nothing with the application.

Reads a JSON list of questions from standard input and prints the list of answers. An answer has `ok`; where it is false, `why`.
"""

import hashlib
import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

import components
import events
import mls
from wire import Malformed, need

MEDIA = b"encrypted-media-v2"
IMAGE = b"marmot-group-image-v1"
LONGEST_LIFE = 84 * 24 * 3600 + 3600


def group_event(question):
    """A kind 445 event, opened with whichever of the exporter secrets fits."""
    event = question["event"]
    events.check_event(event)
    need(event["kind"] == 445, "another kind")
    names = [tag[0] for tag in event["tags"]]
    need(names in (["h"], ["h", "expiration"]) and all(len(tag) == 2 for tag in event["tags"]), "other tags")
    (route,) = events.tag(event, "h")
    need(len(bytes.fromhex(route)) == 32 and route == route.lower(), "the route")
    content = mls.from_base64(event["content"])
    need(len(content) >= 28, "too short")
    for index, secret in enumerate(question["secrets"]):
        try:
            message = ChaCha20Poly1305(bytes.fromhex(secret)).decrypt(content[:12], content[12:], None)
        except InvalidTag:
            continue
        return dict(mls.header(message), route=route, opened_by=index)
    raise Malformed("no secret opens it")


def key_package_event(question):
    event = question["event"]
    events.check_event(event)
    need(event["kind"] == 30443, "another kind")
    package = mls.key_package(mls.from_base64(event["content"]))
    need(package["account"] == event["pubkey"], "the package is another account's")
    need(package["not_before"] <= question["now"] < package["not_after"], "not valid now")
    need(package["not_after"] - package["not_before"] <= LONGEST_LIFE, "valid for too long")
    need(0xF2F1 not in package["extensions"] and 0xF2EE not in package["extensions"], "an older wire")
    need(events.tag(event, "i") == [package["reference"]], "the reference")
    need(events.tag(event, "mls_protocol_version") == ["1.0"] and events.tag(event, "mls_ciphersuite") == ["0x0001"], "version")
    (slot,) = events.tag(event, "d")
    need(len(bytes.fromhex(slot)) == 32, "the slot")

    def same(name, ids):
        given = events.tag(event, name)
        need(len(set(given)) == len(given) and set(given) == {f"0x{one:04x}" for one in ids}, f"the tag {name}")

    same("mls_extensions", package["extensions"])
    same("mls_proposals", package["proposals"])
    same("app_components", [one for one in package["supported"] if one >= 0x8000])
    return package


def proof(question):
    """The id that an account signs for a leaf key."""
    return {"id": events.proof_id(question["account"], bytes.fromhex(question["leaf_key"]), question["created_at"])}


def inner_event(question):
    event = events.inner_event(question["json"])
    return {"id": event["id"], "pubkey": event["pubkey"]}


def component(question):
    value, again = components.decode(question["id"], bytes.fromhex(question["data"]))
    return {"value": value, "again": again.hex()}


def media_key(question):
    parts = [MEDIA, bytes.fromhex(question["plaintext_sha256"]), question["mime"].encode(), question["filename"].encode()]
    aad = b"\0".join(parts)
    key = HKDFExpand(algorithm=SHA256(), length=32, info=aad + b"\0key").derive(bytes.fromhex(question["secret"]))
    return {"key": key.hex(), "aad": aad.hex()}


def media(question):
    """An attachment, from its imeta tag and the stored bytes."""
    need(question["imeta"][0] == "imeta", "not an imeta tag")
    pairs = [element.split(" ", 1) for element in question["imeta"][1:]]
    single = [key for key, _ in pairs if key != "locator"]
    need(len(single) == len(set(single)) and len(single) < len(pairs), "doubled or no locator")
    said = dict(pairs)
    need(said["v"].encode() == MEDIA and components.MEDIA_TYPE.match(said["m"]), "version or type")
    blob = mls.from_base64(question["ciphertext"])
    need(hashlib.sha256(blob).hexdigest() == said["ciphertext_sha256"], "another file")
    derived = media_key(dict(question, plaintext_sha256=said["plaintext_sha256"], mime=said["m"], filename=said["filename"]))
    plain = opened(derived["key"], said["nonce"], blob, bytes.fromhex(derived["aad"]))
    need(hashlib.sha256(plain).hexdigest() == said["plaintext_sha256"], "another plaintext")
    return dict(derived, plain=plain.hex())


def group_image(question):
    state, _ = components.decode(0x8002, bytes.fromhex(question["state"]))
    blob = mls.from_base64(question["ciphertext"])
    need(hashlib.sha256(blob).hexdigest() == state["hash"], "another file")
    return {"plain": opened(state["key"], state["nonce"], blob, IMAGE + b"\0" + state["media_type"].encode()).hex()}


def opened(key, nonce, blob, aad):
    try:
        return ChaCha20Poly1305(bytes.fromhex(key)).decrypt(bytes.fromhex(nonce), blob, aad)
    except InvalidTag:
        raise Malformed("does not decrypt") from None


QUESTIONS = {
    function.__name__: function
    for function in (group_event, key_package_event, proof, inner_event, component, media_key, media, group_image)
}


def answer(question):
    try:
        return dict(QUESTIONS[question["what"]](question), ok=True)
    except (Malformed, ValueError, KeyError) as reason:
        return {"ok": False, "why": f"{type(reason).__name__}: {reason}"}


if __name__ == "__main__":
    json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
