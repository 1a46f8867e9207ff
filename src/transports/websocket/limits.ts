/** What one WebSocket may cost: each a bound, its unit and where it is from. */
import { Libp2pError, type Fault } from '../../core/errors.js';

export const NUMBERS = {
  /** How long connecting may take. */
  connectTimeoutMs: 5_000,
  /** From the connection on, until it is a WebSocket: TLS and the request of HTTP. @source reliability limits, times */
  upgradeTimeoutMs: 5_000,
  /** Silence before the system probes the other end. */
  keepAliveMs: 30_000,
  /** Connections that the system holds until they are accepted. */
  backlog: 511,
  /** A connection that takes nothing for so long while bytes wait for it is destroyed. */
  writeStallMs: 10_000,
  /** A message that is longer, or announces to be, ends its connection with 1009. @source reliability limits, bytes */
  maxMessageBytes: 1024 * 1024,
};
export type WebSocketNumbers = typeof NUMBERS;

/** Of one message; each costs an object. @source CVE-2026-48779; reliability limits, bytes */
const MAX_FRAGMENTS = 128;
/** Chunks of the socket for one message: 1 MiB in the smallest segments there are (536 bytes) is half of them. */
const MAX_CHUNKS = 4_096;
/** Answers to pings that a remote asks for and does not read; one more ends it. @source go-yamux, pongs that wait */
const MAX_PENDING_PONGS = 32;
/** Behind our close frame, until the other end has closed too. @source reliability checklist, W13 */
const CLOSE_TIMEOUT_MS = 500;
/** Of a request and of its answer. @source reliability limits, bytes */
export const MAX_HEADER_BYTES = 8 * 1024;
export const MAX_HEADERS = 64;

/** For both roles. No compression: what is encrypted cannot be compressed, and what it costs is the remote's to choose. */
export function socketRules({ maxMessageBytes }: WebSocketNumbers): {
  perMessageDeflate: false;
  maxPayload: number;
  maxFragments: number;
  maxBufferedChunks: number;
  maxPendingAutoPongs: number;
  closeTimeout: number;
} {
  return {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
    maxPendingAutoPongs: MAX_PENDING_PONGS,
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
}

export function webSocketError(fault: Fault, what: string, cause?: unknown): Libp2pError {
  return new Libp2pError('ERR_TRANSPORT', fault, `websocket: ${what}`, { cause });
}
