// Owns the close button of a window's frame: there is no window manager here, so a test sends what one would send.
// Never ends a program by force.
import { promisify } from "node:util";
import x11 from "x11";

/** The `format` of a message in words of 32 bits, and the `type` of a message to a client (X11 protocol, ClientMessage). */
const WORDS = 32;
const CLIENT_MESSAGE = 33;

/** Asks the owner of a window to close it, as the button in its frame does (ICCCM, WM_DELETE_WINDOW). */
export async function pressClose(window) {
  const display = await promisify(x11.createClient)();
  const client = display.client;
  const atom = (name) => promisify(client.InternAtom).call(client, false, name);
  const [protocols, close] = [await atom("WM_PROTOCOLS"), await atom("WM_DELETE_WINDOW")];
  const message = Buffer.alloc(32);
  message.writeUInt8(CLIENT_MESSAGE, 0);
  message.writeUInt8(WORDS, 1);
  message.writeUInt32LE(window, 4);
  message.writeUInt32LE(protocols, 8);
  message.writeUInt32LE(close, 12);
  client.SendEvent(window, false, 0, message);
  // An answer to anything asked later says that the message has been passed on.
  await promisify(client.GetInputFocus).call(client);
  client.terminate();
}
