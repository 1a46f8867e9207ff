/**
 * The yamux frame header: 12 bytes, big-endian: version u8, type u8, flags u16, stream id u32, length u32.
 * @source yamux specification, Framing
 */
import { Libp2pError } from '../../core/errors.js';

export const HEADER_BYTES = 12;
const VERSION = 0;
export const TYPE = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const;
export const FLAG = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;
/** Reasons in a go-away frame; others are the application's. */
export const GO_AWAY = { normal: 0, protocolError: 1, internalError: 2 } as const;
/** The window that every stream starts with, in bytes; fixed by the protocol. */
export const INITIAL_WINDOW_BYTES = 256 * 1024;
/** Send credit beyond this would not fit the wire. */
export const MAX_WINDOW_BYTES = 0xffffffff;

export interface Header {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Data: body bytes. Window update: credit, or the error code with RST. Ping: its value. Go-away: the reason. */
  readonly length: number;
}

/** The header at `offset`, or `undefined` while it is not all there. Throws ERR_YAMUX for another version or an unknown type. */
export function decodeHeader(bytes: Uint8Array, offset = 0): Header | undefined {
  if (bytes.byteLength - offset < HEADER_BYTES) return undefined;
  const version = bytes[offset] ?? 0;
  if (version !== VERSION) throw violation(`a frame of version ${String(version)}`);
  const type = bytes[offset + 1] ?? 0;
  if (type > TYPE.goAway) throw violation(`a frame of unknown type ${String(type)}`);
  const flags = ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
  return { type, flags, streamId: readU32(bytes, offset + 4), length: readU32(bytes, offset + 8) };
}

/** Writes a header at `offset`; there must be 12 bytes of room. */
export function encodeHeader(into: Uint8Array, offset: number, header: Header): void {
  into[offset] = VERSION;
  into[offset + 1] = header.type;
  into[offset + 2] = header.flags >>> 8;
  into[offset + 3] = header.flags;
  writeU32(into, offset + 4, header.streamId);
  writeU32(into, offset + 8, header.length);
}

/** The remote broke the protocol: fatal to the connection. */
export function violation(what: string): Libp2pError {
  return new Libp2pError('ERR_YAMUX', 'remote', `yamux: the remote sent ${what}`);
}

/** The remote ended the connection for a reason other than 0. */
export function goneAway(code: number): Libp2pError {
  return new Libp2pError(
    'ERR_GO_AWAY',
    'remote',
    `the remote closed the connection with code 0x${code.toString(16)}`,
  );
}

function readU32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return high * 0x100 + (bytes[at + 3] ?? 0);
}

function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** The connection ended before its streams did. */
export function cutOff(): Libp2pError {
  return new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the connection ended while streams were open');
}

/** Keep-alive has given up. */
export function silent(): Libp2pError {
  return new Libp2pError('ERR_KEEPALIVE_TIMEOUT', 'network', 'the remote has been silent for 30 s');
}

/** The connection is closing. */
export function opensNoMore(): Libp2pError {
  const what = 'the connection is closing: it opens no more streams';
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', what);
}

export function closedError(): Libp2pError {
  return new Libp2pError('ERR_CONNECTION_CLOSED', 'network', 'the connection was closed');
}
