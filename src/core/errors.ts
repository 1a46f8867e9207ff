/** Every code of {@link Libp2pError}. Each has a paragraph in `docs/guide/errors.md`; a test compares the two lists. */
export const ERROR_CODES = [
  'ERR_ABORTED',
  'ERR_ADDR_REFUSED',
  'ERR_ADDR_UNSUPPORTED',
  'ERR_BLACK_HOLE',
  'ERR_CONNECTION_CLOSED',
  'ERR_DIAL_BACKOFF',
  'ERR_DIAL_FAILED',
  'ERR_DIAL_SELF',
  'ERR_DIAL_STRATEGY',
  'ERR_GATED',
  'ERR_GO_AWAY',
  'ERR_HOST_STOPPED',
  'ERR_INVALID_KEY',
  'ERR_INVALID_MULTIADDR',
  'ERR_INVALID_OPTION',
  'ERR_INVALID_PEER_ID',
  'ERR_INVALID_PROTOBUF',
  'ERR_INVALID_RECORD',
  'ERR_INVALID_VARINT',
  'ERR_KEEPALIVE_TIMEOUT',
  'ERR_KEY_UNSUPPORTED',
  'ERR_LIMIT',
  'ERR_LISTEN_FAILED',
  'ERR_MESSAGE_TOO_LONG',
  'ERR_MULTISTREAM',
  'ERR_NOISE_FRAME',
  'ERR_NOISE_HANDSHAKE',
  'ERR_NO_ADDRESSES',
  'ERR_NO_CONNECTION',
  'ERR_PEER_ID_MISMATCH',
  'ERR_PING',
  'ERR_PLAINTEXT_EXCHANGE',
  'ERR_PROTOCOL_TAKEN',
  'ERR_RESOLVE',
  'ERR_STORE',
  'ERR_STREAM_BUFFER_FULL',
  'ERR_STREAM_IDLE',
  'ERR_STREAM_RESET',
  'ERR_STREAM_TAKEN',
  'ERR_TIMEOUT',
  'ERR_TLS_HANDSHAKE',
  'ERR_TRANSPORT',
  'ERR_UNEXPECTED_END',
  'ERR_UNHANDLED',
  'ERR_UNSUPPORTED_PROTOCOL',
  'ERR_WRITE_STALLED',
  'ERR_YAMUX',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];
/** Whose doing it was: ours or our caller's, the remote peer's, or the network's between us. Decides the reaction. */
export type Fault = 'local' | 'remote' | 'network';

/** Every error that this package raises: `code` to branch on, `fault` to react by, `message` for people, `cause` beneath. */
export class Libp2pError extends Error {
  readonly code: ErrorCode;
  readonly fault: Fault;
  constructor(code: ErrorCode, fault: Fault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.fault = fault;
  }
}

/** The call was abandoned through its `signal`; the platform's name for that is kept. */
export class AbortError extends Libp2pError {
  constructor(message: string, options?: ErrorOptions) {
    super('ERR_ABORTED', 'local', message, options);
    this.name = 'AbortError';
  }
}

/** A stage did not end before its absolute deadline. */
export class TimeoutError extends Libp2pError {
  constructor(
    readonly stage: string,
    readonly afterMs: number,
    fault: Fault = 'network',
  ) {
    super('ERR_TIMEOUT', fault, `${stage} did not finish within ${String(afterMs)} ms`);
  }
}

/** A bound was met: which scope, which limit of it, and its value. */
export class LimitError extends Libp2pError {
  constructor(
    readonly scope: string,
    readonly limit: string,
    readonly value: number,
    fault: Fault = 'remote',
  ) {
    super('ERR_LIMIT', fault, `${scope}: the limit ${limit} of ${String(value)} is reached`);
  }
}

/** A stream was reset; `resetCode` is the number on the wire, where there was one. */
export class StreamResetError extends Libp2pError {
  constructor(
    message: string,
    readonly resetCode: number | undefined,
    fault: Fault,
    options?: ErrorOptions,
    code: ErrorCode = 'ERR_STREAM_RESET',
  ) {
    super(code, fault, message, options);
  }
}

/** More was written into a stream than it queues, so it was reset. */
export class StreamBufferError extends Libp2pError {
  constructor(
    readonly queuedBytes: number,
    readonly maxBufferedBytes: number,
  ) {
    super(
      'ERR_STREAM_BUFFER_FULL',
      'local',
      `next() while ${String(queuedBytes)} bytes were queued; the stream's maxBufferedBytes is ${String(maxBufferedBytes)}`,
    );
  }
}

/** Whatever was thrown, as an `Error`: peers and users can throw anything, also things without a `toString`. */
export function asError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  let text = 'a value that cannot be printed';
  try {
    text = String(thrown);
  } catch {
    // A throwing toString must not break the path that reports it.
  }
  return new Error(`thrown: ${text}`, { cause: thrown });
}

/** Also one from another realm: `node:net` throws the main realm's, wherever it is called from. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
}

/** The code of ours, or of the platform (`ECONNREFUSED`), or `'ERR_UNHANDLED'`. */
export function codeOf(error: unknown): string {
  const code: unknown = isError(error) && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'ERR_UNHANDLED';
}

const MAX_QUOTED_CHARS = 256;
/** What moves a terminal's cursor, turns text around or breaks a line, and JSON leaves as it is. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text from the remote, fit for a message or a log: escaped and cut at 256 characters. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}…` : text;
  return escaped(JSON.stringify(cut));
}

/** The text, with what could move a terminal's cursor, turn text around or break a line written out. */
export function escaped(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
