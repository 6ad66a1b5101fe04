// Owns QR codes: the squares of one that is shown, and the text of one in a picture.
// Never fetches anything: the picture comes from the person.
import { encode } from "uqr";

/** Pictures larger than this are refused, in bytes. */
const PICTURE_CAP = 20 * 1024 * 1024;
/** A picture is made smaller until neither side is longer, in pixels. */
const SIDE_CAP = 1_600;

/** The dark squares as one path, a unit each, and how many units a side has. */
export function qrPath(text: string): { size: number; path: string } {
  const { size, data } = encode(text, { border: 2 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return { size, path };
}

/** The npub, nprofile or key in the text of a code. */
export function personIn(text: string): string | null {
  return /(?:^|[:/])((?:npub|nprofile)1[02-9ac-hj-np-z]{20,}|[0-9a-f]{64})(?:$|[?/#])/iu.exec(text.trim())?.[1] ?? null;
}

/** The text of the code in a picture; `null` where there is none. Rejects where it is no picture. */
export async function textInPicture(picture: Blob): Promise<string | null> {
  if (picture.size > PICTURE_CAP) throw new Error("too large");
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, SIDE_CAP / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const pixels = drawing?.getImageData(0, 0, canvas.width, canvas.height);
  if (pixels === undefined) return null;
  return textInPixels(pixels.data, pixels.width, pixels.height);
}

export async function textInPixels(data: Uint8ClampedArray, width: number, height: number): Promise<string | null> {
  // Loaded only when somebody reads a code: it is a fifth of the program.
  const { default: read } = await import("jsqr");
  return read(data, width, height)?.data ?? null;
}
