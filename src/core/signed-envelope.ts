/**
 * Signed envelopes: somebody's bytes, with their type, their signer's key and a signature that holds in one domain only.
 * What is verified is what was received; nothing is encoded anew for that. @source libp2p RFC 0002; swarm sheet, REC-1 to REC-7
 */
import { Envelope as EnvelopeMessage } from '../generated/envelope.js';
import { concatBytes, equalBytes, NO_BYTES, ownBytes, toHex, utf8 } from './bytes.js';
import type { Bytes } from './duplex.js';
import { Libp2pError, LimitError } from './errors.js';
import type { PrivateKey, PublicKey } from './identity.js';
import { publicKeyFrom } from './keys.js';
import { guardProtobuf } from './protobuf-guard.js';
import { encodeVarint } from './varint.js';

/** What one envelope may take, sealed or opened. @source reliability limits, bytes */
export const MAX_ENVELOPE_BYTES = 8 * 1024;

/** What an envelope is about: the domain is never sent, whoever opens it has to know. */
export interface EnvelopeKind {
  readonly domain: string;
  readonly payloadType: Uint8Array;
}
export interface Envelope {
  readonly publicKey: PublicKey;
  readonly payloadType: Bytes;
  readonly payload: Bytes;
  readonly signature: Bytes;
}
/** What is wrong with an envelope, or with the record in it. */
export type RecordFault =
  | 'malformed'
  | 'no-public-key'
  | 'bad-public-key'
  | 'bad-signature'
  | 'payload-type'
  | 'bad-payload'
  | 'peer-id-mismatch';

/** An envelope, or the record in it, was refused; `envelope` is there as far as it could be read. @source REC-5 */
export class InvalidRecordError extends Libp2pError {
  constructor(
    readonly reason: RecordFault,
    message: string,
    readonly envelope?: Envelope,
    options?: ErrorOptions,
  ) {
    super('ERR_INVALID_RECORD', 'remote', message, options);
  }
}

/**
 * The envelope's bytes. Throws ERR_INVALID_OPTION for an empty domain or payload type, and a `LimitError` beyond 8 KiB,
 * which nobody would open.
 */
export function sealEnvelope(
  { domain, payloadType }: EnvelopeKind,
  payload: Uint8Array,
  key: PrivateKey,
): Bytes {
  if (domain === '') throw invalidOption('envelope domain must not be empty');
  if (payloadType.byteLength === 0) throw invalidOption('payloadType must not be empty');
  const bytes = ownBytes(
    EnvelopeMessage.encode({
      publicKey: key.publicKey.bytes,
      payloadType: ownBytes(payloadType),
      payload: ownBytes(payload),
      signature: key.sign(signedBytes(domain, payloadType, payload)),
    }),
  );
  if (bytes.byteLength > MAX_ENVELOPE_BYTES)
    throw new LimitError('signed envelope', 'bytes', MAX_ENVELOPE_BYTES, 'local');
  return bytes;
}

/** The envelope, if its signature holds in this domain and its payload is of this type. Throws `InvalidRecordError`. */
export function openEnvelope(bytes: Uint8Array, { domain, payloadType }: EnvelopeKind): Envelope {
  const envelope = readEnvelope(bytes);
  const { publicKey, payload, signature } = envelope;
  if (!publicKey.verify(signedBytes(domain, envelope.payloadType, payload), signature))
    throw refused(
      'bad-signature',
      'failed to validate envelope: invalid signature or incorrect domain',
      envelope,
    );
  if (!equalBytes(envelope.payloadType, payloadType))
    throw refused(
      'payload-type',
      `failed to unmarshal envelope payload: its type is ${toHex(envelope.payloadType.subarray(0, 64))}, not ${toHex(payloadType)}`,
      envelope,
    );
  return envelope;
}

/** The same key, payload type, payload and signature. @source REC-7 */
export function equalEnvelopes(a: Envelope, b: Envelope): boolean {
  return (
    a.publicKey.equals(b.publicKey) &&
    equalBytes(a.payloadType, b.payloadType) &&
    equalBytes(a.payload, b.payload) &&
    equalBytes(a.signature, b.signature)
  );
}

/** An envelope as it was written, its signature not verified. Throws `InvalidRecordError`. */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const { publicKey, payloadType, payload, signature } = decode(bytes);
  if (publicKey === undefined) throw refused('no-public-key', 'an envelope without a public key');
  return {
    publicKey: readKey(publicKey),
    payloadType: payloadType ?? NO_BYTES,
    payload: payload ?? NO_BYTES,
    // None fits nothing.
    signature: signature ?? NO_BYTES,
  };
}

function decode(bytes: Uint8Array): EnvelopeMessage {
  try {
    guardProtobuf(bytes, {
      what: 'signed envelope',
      maxBytes: MAX_ENVELOPE_BYTES,
      known: { 1: 'bytes', 2: 'bytes', 3: 'bytes', 5: 'bytes' },
      unique: [1, 2, 3, 5],
    });
    return EnvelopeMessage.decode(ownBytes(bytes));
  } catch (cause) {
    throw failed('malformed', 'failed when unmarshalling the envelope', cause);
  }
}

function readKey(bytes: Uint8Array): PublicKey {
  try {
    return publicKeyFrom(bytes);
  } catch (cause) {
    throw failed('bad-public-key', 'the public key of an envelope', cause);
  }
}

/** Each part behind its length, so that no byte can move from one to the next. @source REC-2 */
function signedBytes(domain: string, payloadType: Uint8Array, payload: Uint8Array): Bytes {
  return concatBytes(
    ...[utf8(domain), payloadType, payload].flatMap((part) => [encodeVarint(part.byteLength), part]),
  );
}

export function failed(
  reason: RecordFault,
  what: string,
  cause: unknown,
  envelope?: Envelope,
): InvalidRecordError {
  const detail = cause instanceof Libp2pError ? `: ${cause.message}` : '';
  return new InvalidRecordError(reason, `${what}${detail}`, envelope, { cause });
}

function refused(reason: RecordFault, message: string, envelope?: Envelope): InvalidRecordError {
  return new InvalidRecordError(reason, message, envelope);
}

function invalidOption(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', message);
}
