"""What of MLS (RFC 9420) can be read from outside: key packages, and the headers of group messages."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import components
import events
from wire import Malformed, Reader, need, vector

APP_DATA_DICTIONARY = 0x0006
WIRE_FORMATS = {1: "public", 2: "private", 3: "welcome", 4: "group_info", 5: "key_package"}
CONTENT_TYPES = {1: "application", 2: "proposal", 3: "commit"}


def from_base64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed("not base64") from None


def message(reader):
    need(reader.u16() == 1, "not MLS 1.0")
    return WIRE_FORMATS.get(reader.u16())


def header(data):
    """Wire format, group id, epoch and content type of a group message."""
    reader = Reader(data)
    wire_format = message(reader)
    need(wire_format in ("public", "private"), "not a group message")
    group, epoch = reader.vector(), reader.u64()
    sender = None
    if wire_format == "public":
        need(reader.u8() == 1, "the sender is no member")
        sender = reader.u32()
        reader.vector()
        content = CONTENT_TYPES.get(reader.u8())
    else:
        content = CONTENT_TYPES.get(reader.u8())
        for _ in range(3):
            reader.vector()
        reader.end()
    found = {"wire_format": wire_format, "group_id": group.hex(), "epoch": epoch, "content_type": content, "sender": sender}
    return dict(found, sha256=hashlib.sha256(data).hexdigest())


def leaf_node(r):
    start = r.at
    leaf = {"encryption_key": r.vector(), "signature_key": r.vector()}
    need(r.u16() == 1, "not a basic credential")
    leaf["account"] = r.vector().hex()
    names = ("versions", "ciphersuites", "extensions", "proposals", "credentials")
    leaf["capabilities"] = {name: r.items(Reader.u16) for name in names}
    source = r.u8()
    need(source == 1, "not the leaf of a key package")
    leaf["not_before"], leaf["not_after"] = r.u64(), r.u64()
    leaf["carried"] = extensions(r)
    leaf["signed"] = r.data[start : r.at]
    leaf["signature"] = r.vector()
    return leaf


def extensions(r):
    found = r.items(lambda one: (one.u16(), one.vector()))
    need(len({kind for kind, _ in found}) == len(found), "an extension is doubled")
    return dict(found)


def is_signed(key, label, content, signature):
    data = vector(b"MLS 1.0 " + label) + vector(content)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def reference(package):
    return hashlib.sha256(vector(b"MLS 1.0 KeyPackage Reference") + vector(package)).hexdigest()


def key_package(data):
    """A key package with every signature checked, and the account proof of its leaf."""
    outer = Reader(data)
    need(message(outer) == "key_package", "not a key package")
    package = data[outer.at :]
    r = Reader(package)
    need(r.u16() == 1 and r.u16() == 1, "another version or ciphersuite")
    r.vector()
    leaf = leaf_node(r)
    carried = extensions(r)
    signed = package[: r.at]
    signature = r.vector()
    r.end()
    need(is_signed(leaf["signature_key"], b"LeafNodeTBS", leaf["signed"], leaf["signature"]), "the leaf's signature is false")
    need(is_signed(leaf["signature_key"], b"KeyPackageTBS", signed, signature), "the package's signature is false")
    own = components.dictionary(leaf["carried"].get(APP_DATA_DICTIONARY, b""))
    supported, again = components.decode(1, own.get(1, b""))
    need(again == own[1] and 0x8009 in supported and 0x0001 in supported, "the supported components")
    events.check_proof(own.get(0x8009, b""), leaf["account"], leaf["signature_key"])
    marker = components.dictionary(carried.get(APP_DATA_DICTIONARY, b"\0")).get(4)
    need(not marker, "a last-resort marker with content")
    return {
        "account": leaf["account"],
        "leaf_key": leaf["signature_key"].hex(),
        "reference": reference(package),
        "supported": supported,
        "extensions": leaf["capabilities"]["extensions"],
        "proposals": leaf["capabilities"]["proposals"],
        "not_before": leaf["not_before"],
        "not_after": leaf["not_after"],
        "last_resort": marker is not None,
    }
