// Owns a place outside of the app that welcomes everybody: pages, pictures, events and WebSockets, open to every origin.
// Never asks who calls: it counts each connection.
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";

const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const KINDS = { "/picture.png": ["image/png", PICTURE], "/script.js": ["text/javascript", ""], "/style.css": ["text/css", ""], "/events": ["text/event-stream", "data: x\n\n"] };
/** What RFC 6455 §1.3 adds to the key of a handshake. */
const HANDSHAKE = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Opens the place on loopback. */
export async function openOutside() {
  let connections = 0;
  const sockets = new Set();
  const server = createServer((asked, answer) => {
    const [kind, body] = KINDS[new URL(asked.url, "http://outside").pathname] ?? ["text/html", "<!doctype html><title>outside</title><p>Welcome outside"];
    answer.writeHead(200, { "content-type": kind, "access-control-allow-origin": "*", "cache-control": "no-store" }).end(body);
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.on("upgrade", (asked, socket) => {
    const accept = createHash("sha1").update(asked.headers["sec-websocket-key"] + HANDSHAKE).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    /** The connections so far. A call of our own comes first: what came before it has been counted then. */
    async connections() {
      await call(`${url}/`);
      connections -= 1;
      return connections;
    },
    /** Calls as anybody can; says what is there: a status and a kind. */
    call: (path, headers) => call(url + path, headers),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One call over a connection of its own. */
function call(url, headers = {}) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers });
    asked.once("error", reject);
    asked.once("upgrade", (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode, kind: answer.headers.upgrade });
    });
    asked.once("response", (answer) => {
      answer.resume().once("end", () => resolve({ status: answer.statusCode, kind: answer.headers["content-type"] }));
    });
    asked.end();
  });
}
