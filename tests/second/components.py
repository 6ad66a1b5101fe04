"""The states of Marmot's components: decoded from canonical bytes, and encoded again."""

import re

from wire import Reader, ascending, items, need, vector

# Only addresses that are their own normal form whatever the parser: lower-case name, explicit path, no odd characters.
PLAIN_URL = re.compile(r"^(https?|wss?)://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~/-]*)?$")
MEDIA_TYPE = re.compile(r"^[a-z0-9!#$%&'*+.^_`|~-]{1,64}/[a-z0-9!#$%&'*+.^_`|~-]{1,64}$")
FORMAT = "encrypted-media-v2"


def text(value):
    return vector(value.encode("utf-8"))


def id_list(r):
    ids = r.items(Reader.u16)
    need(ascending(ids), "ids out of order")
    return ids, items(one.to_bytes(2, "big") for one in ids)


def profile(r):
    name, description = r.text(256), r.text(4096)
    return {"name": name, "description": description}, text(name) + text(description)


def image(r):
    parts = [r.vector() for _ in range(4)]
    mime = r.text(128)
    if any(parts) or mime:
        need([len(part) for part in parts] == [32, 32, 12, 32] and MEDIA_TYPE.match(mime), "an incomplete picture")
    names = ("hash", "key", "nonce", "upload_key")
    return dict(zip(names, (part.hex() for part in parts)), media_type=mime), b"".join(map(vector, parts)) + text(mime)


def admins(r):
    keys = r.items(lambda one: one.take(32))
    need(keys and ascending(keys), "admins out of order or none")
    return [key.hex() for key in keys], items(keys)


def routing(r):
    route = r.take(32)
    relays = r.items(lambda one: one.text(512), most=16)
    need(relays and ascending([relay.encode() for relay in relays]), "relays out of order or none")
    need(all(PLAIN_URL.match(relay) and relay.startswith("ws") for relay in relays), "not a relay")
    return {"nostr_group_id": route.hex(), "relays": relays}, route + items(map(text, relays))


def retention(r):
    seconds = r.u64()
    return seconds, seconds.to_bytes(8, "big")


def agent_stream(r):
    required, allowed, frame, replay, padding = r.u8(), r.u8(), r.u32(), r.u32(), r.u16()
    need(required and not required & ~allowed and not allowed & ~7, "roles")
    need(1 <= frame <= 65519 and replay <= 300 and padding <= 4096, "limits")
    data = bytes([required, allowed]) + frame.to_bytes(4, "big") + replay.to_bytes(4, "big") + padding.to_bytes(2, "big")
    return {"required": required, "allowed": allowed, "max_frame": frame}, data


def avatar(r):
    url, dimension, thumbhash = r.text(2048), r.text(256), r.text(256)
    need(url.startswith("https://") and PLAIN_URL.match(url) if url else not dimension + thumbhash, "not a picture")
    return {"url": url}, text(url) + text(dimension) + text(thumbhash)


def media(r):
    need(r.text(64) == FORMAT, "another format")
    kinds = r.items(lambda one: one.text(64), most=16)
    endpoints = r.items(lambda one: (one.text(64), one.text(2048)), most=16)
    need(kinds and endpoints and len(set(kinds)) == len(kinds) and len(set(endpoints)) == len(endpoints), "doubled or none")
    need(all(kind in kinds and url.startswith("http") and PLAIN_URL.match(url) for kind, url in endpoints), "not a server")
    data = text(FORMAT) + items(map(text, kinds)) + items(text(kind) + text(url) for kind, url in endpoints)
    return {"kinds": kinds, "endpoints": endpoints}, data


def lifecycle(r):
    state = r.u8()
    need(state < 2, "an unknown state")
    return state, bytes([state])


DECODERS = {
    0x0001: id_list,
    0x8001: profile,
    0x8002: image,
    0x8003: admins,
    0x8004: routing,
    0x8005: retention,
    0x8006: agent_stream,
    0x8007: avatar,
    0x800B: media,
    0x800C: lifecycle,
}


def decode(component, data):
    """The value and the bytes that encode it again; an unknown component stays as it is."""
    decoder = DECODERS.get(component)
    if decoder is None:
        return data.hex(), data
    reader = Reader(data)
    value, again = decoder(reader)
    reader.end()
    return value, again


def dictionary(data):
    """An AppDataDictionary: ids strictly ascending, each with its bytes."""
    reader = Reader(data)
    entries = reader.items(lambda one: (one.u16(), one.vector()))
    reader.end()
    need(ascending([entry[0] for entry in entries]), "components out of order")
    return dict(entries)
