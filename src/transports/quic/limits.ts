/** What one QUIC connection allows its remote, and what it takes itself: counts and times, each with its reason. */
import type { NativeConfig } from './addon.js';

/** @source swarm sheet TR-6; reliability limits: times, counts */
export const DEFAULTS = {
  /** How long a dial may take. */
  handshakeTimeoutMs: 5_000,
  /** A connection that has heard nothing for so long is over; so is a handshake that came in. */
  idleTimeoutMs: 30_000,
  /** Silence before the remote is asked for a sign of life. */
  keepAliveMs: 15_000,
  /** Streams that the remote may have open. */
  maxInboundStreams: 256,
  /** Streams that we may have open, whatever the remote allows. */
  maxOutboundStreams: 512,
  /** What a remote may send on one stream that nobody has read, bytes. */
  streamWindowBytes: 10 * 1024 * 1024,
  /** The same, on all streams of a connection. */
  connectionWindowBytes: 15 * 1024 * 1024,
  /** What the system holds for the UDP socket, each way, bytes; it may take less. */
  socketBufferBytes: 512 * 1024,
  /** Handshakes that one listener has under way: the addon takes one at a time for each that is asked for. */
  maxHandshakes: 64,
};
export type QuicNumbers = typeof DEFAULTS;
const MAX_U32 = 0xffffffff;

export function nativeConfig(numbers: QuicNumbers, privateKeyProto: Uint8Array): NativeConfig {
  const u32 = (value: number): number => Math.min(MAX_U32, Math.ceil(value));
  return {
    privateKeyProto,
    handshakeTimeout: u32(numbers.handshakeTimeoutMs),
    shutdownTimeout: CLOSE_MS,
    maxIdleTimeout: u32(numbers.idleTimeoutMs),
    keepAliveInterval: u32(numbers.keepAliveMs),
    maxConcurrentStreamLimit: u32(numbers.maxInboundStreams),
    maxStreamData: u32(numbers.streamWindowBytes),
    maxConnectionData: u32(numbers.connectionWindowBytes),
    receiveBufferSize: u32(numbers.socketBufferBytes),
    sendBufferSize: u32(numbers.socketBufferBytes),
  };
}

// ── one stream ───────────────────────────────────────────────────────────────────────────────────────────────────────
/** Queued beyond this, there is no room … */
export const HIGH_WATER_BYTES = 256 * 1024;
/** … until no more than this is left. */
export const LOW_WATER_BYTES = 128 * 1024;
/** Given to the addon at once: each costs two thread hops, and beyond this larger ones are not faster. */
export const WRITE_BYTES = 128 * 1024;
/** The first read asks for this; one that was filled is followed by a larger, one that was nearly empty by a smaller. */
export const LEAST_READ_BYTES = 4 * 1024;
export const MOST_READ_BYTES = 128 * 1024;
/** Read ahead of who reads the stream, bytes; the rest stays with the addon, within the stream's window. */
export const READ_AHEAD_BYTES = 256 * 1024;
/** Taken and thrown away of a stream that nobody wants any more, before the remote is told. @source yamux, initial window */
export const DRAIN_BYTES = 256 * 1024;
/** And so long. */
export const DRAIN_MS = 60_000;

// ── one connection ───────────────────────────────────────────────────────────────────────────────────────────────────
/** How long streams get to end in order when the connection closes, and their last bytes to leave. */
export const CLOSE_MS = 1_000;
/** Nothing was sent for so long, or for three round trips: the last bytes have arrived. */
export const QUIET_MS = 50;
/** Streams that were reset while the remote took nothing, so that it could not be told: the addon cannot interrupt a write. */
export const MAX_UNTOLD = 64;
/** Streams opened and reset by the remote. @source CVE-2023-44487 (rapid reset) */
export const CHURN = { burst: 1000, perSecond: 200 };
