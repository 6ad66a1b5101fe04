// Owns the forms in which a secret key could lie in a file, and the search for them.
// Never prints a key.
import { randomBytes } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** bech32 (BIP 173) of raw bytes. */
export function bech32(prefix, bytes) {
  const words = [];
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      words.push((value >> bits) & 31);
    }
  }
  if (bits > 0) words.push((value << (5 - bits)) & 31);
  const expanded = [...[...prefix].map((c) => c.charCodeAt(0) >> 5), 0, ...[...prefix].map((c) => c.charCodeAt(0) & 31)];
  const check = polymod([...expanded, ...words, 0, 0, 0, 0, 0, 0]) ^ 1;
  const sum = [0, 1, 2, 3, 4, 5].map((i) => (check >> (5 * (5 - i))) & 31);
  return `${prefix}1${[...words, ...sum].map((word) => ALPHABET[word]).join("")}`;
}

function polymod(values) {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let check = 1;
  for (const value of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    generator.forEach((part, i) => {
      if ((top >> i) & 1) check ^= part;
    });
  }
  return check;
}

/** A fresh key. Every number below the order of the curve is one; a first byte of 0x7f is safely below. */
export function freshKey() {
  const key = randomBytes(32);
  key[0] &= 0x7f;
  return { key, nsec: bech32("nsec", key) };
}

/** Files below a folder that hold a key raw, in hex, in base64 or in bech32. */
export function filesWith(folder, key) {
  const forms = [key, ...[key.toString("hex"), key.toString("hex").toUpperCase(), key.toString("base64").replace(/=+$/, ""), bech32("nsec", key).slice(4)].map((text) => Buffer.from(text))];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).filter((path) => {
    const content = contentOf(path);
    return forms.some((form) => content.includes(form));
  });
}

/** What a file holds. One that was removed since it was listed, such as the shared memory of a web view's database, holds nothing. */
function contentOf(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
