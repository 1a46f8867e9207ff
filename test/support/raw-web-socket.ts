/** The other end of a WebSocket by hand: requests and frames as no library would write them. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MASK = Buffer.from([1, 2, 3, 4]);
export const HEADERS: Readonly<Record<string, string>> = {
  Host: 'localhost',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': KEY,
};

/** What an HTTP client writes; a header that is `undefined` is left out. */
export function request(
  headers: Readonly<Record<string, string | undefined>> = {},
  line = 'GET / HTTP/1.1',
): string {
  const all = Object.entries({ ...HEADERS, ...headers }).filter(([, value]) => value !== undefined);
  return [line, ...all.map(([name, value]) => `${name}: ${value ?? ''}`), '', ''].join('\r\n');
}

export interface RawClient {
  readonly socket: Socket;
  /** All that has come. */
  heard(): Buffer;
  /** Until the server has closed, or reset, the connection. */
  readonly closed: Promise<void>;
}
export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  await once(socket, 'connect');
  return { socket, closed, heard: () => Buffer.concat(chunks) };
}

/** Writes a request, and gives the whole answer when the server has closed the connection. */
export async function answerTo(port: number, text: string | Buffer): Promise<string> {
  const { socket, closed, heard } = await rawClient(port);
  socket.write(text);
  await closed;
  return heard().toString('latin1');
}

/** A client that is through the handshake. */
export async function upgraded(
  port: number,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<RawClient> {
  const client = await rawClient(port);
  client.socket.write(request(headers));
  while (!client.heard().includes('\r\n\r\n')) await once(client.socket, 'data');
  return client;
}

export interface FrameParts {
  readonly opcode?: number;
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** What the header says, whatever comes. */
  readonly length?: bigint;
}
export function frame(
  payload: Uint8Array,
  { opcode = 2, fin = true, rsv = 0, masked = true, length }: FrameParts = {},
): Buffer {
  const said = length ?? BigInt(payload.byteLength);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  const header =
    said < 126n
      ? Buffer.from([first, mask | Number(said)])
      : said < 65_536n
        ? Buffer.from([first, mask | 126, Number(said >> 8n), Number(said & 255n)])
        : Buffer.concat([Buffer.from([first, mask | 127]), eightBytes(said)]);
  const body = masked ? payload.map((byte, at) => byte ^ MASK[at % 4]!) : payload;
  return Buffer.concat(masked ? [header, MASK, body] : [header, body]);
}

function eightBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

/** The code of the close frame that a server sent last, unmasked as a server's are. */
export function closeCode(heard: Buffer): number | undefined {
  const body = heard.subarray(heard.indexOf('\r\n\r\n') + 4);
  let at = 0;
  while (at + 2 <= body.byteLength) {
    const opcode = body[at]! & 0x0f;
    const length = body[at + 1]! & 0x7f;
    if (opcode === 8) return length >= 2 ? body.readUInt16BE(at + 2) : 1005;
    at += 2 + length;
  }
  return undefined;
}
