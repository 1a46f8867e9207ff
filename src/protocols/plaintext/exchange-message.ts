/** The one message of `/plaintext/2.0.0`: who each side says it is. @source libp2p plaintext specification */
import { concatBytes, ownBytes } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';
import type { PeerId, PublicKey } from '../../core/identity.js';
import { publicKeyFrom } from '../../core/keys.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { guardProtobuf } from '../../core/protobuf-guard.js';
import { decodeSmallVarint, encodeVarint } from '../../core/varint.js';
import { Exchange } from '../../generated/plaintext.js';

/** An RSA-8192 identity takes about 1.2 KiB. */
const MAX_MESSAGE_BYTES = 16 * 1024;

/** The message behind its length. */
export function encodeExchange(key: PublicKey): Bytes {
  const message = Exchange.encode({ id: peerIdFrom(key).bytes, pubkey: key.bytes });
  return concatBytes(encodeVarint(message.byteLength), message);
}

/** The framed message at the start of `bytes` and what follows it; `undefined` for "more, please". Throws ERR_PLAINTEXT_EXCHANGE. */
export function decodeExchange(
  bytes: Bytes,
): { readonly remotePeer: PeerId; readonly rest: Bytes } | undefined {
  const length = readLength(bytes);
  if (length === undefined) return undefined;
  const end = length.bytesRead + length.value;
  if (bytes.byteLength < end) return undefined;
  return { remotePeer: verify(bytes.subarray(length.bytesRead, end)), rest: bytes.subarray(end) };
}

function readLength(bytes: Bytes): { readonly value: number; readonly bytesRead: number } | undefined {
  try {
    const length = decodeSmallVarint(bytes);
    if (length === undefined) return undefined;
    if (length.value === 0) throw exchangeError('an empty message');
    if (length.value > MAX_MESSAGE_BYTES)
      throw exchangeError(
        `a message of ${String(length.value)} bytes; ${String(MAX_MESSAGE_BYTES)} are allowed`,
      );
    return length;
  } catch (cause) {
    if (cause instanceof Libp2pError && cause.code === 'ERR_PLAINTEXT_EXCHANGE') throw cause;
    throw exchangeError('a length that is no varint', { cause });
  }
}

function verify(bytes: Bytes): PeerId {
  const { id, pubkey } = decode(bytes);
  if (pubkey === undefined) throw exchangeError('no public key');
  if (id === undefined || id.byteLength === 0) throw exchangeError('no peer id');
  try {
    const derived = peerIdFrom(publicKeyFrom(pubkey));
    if (derived.equals(peerIdFrom(ownBytes(id)))) return derived;
  } catch (cause) {
    throw exchangeError('a key or a peer id that is none', { cause });
  }
  throw exchangeError('a peer id that is not its key’s');
}

function decode(bytes: Bytes): Exchange {
  try {
    guardProtobuf(bytes, {
      what: 'plaintext exchange',
      maxBytes: MAX_MESSAGE_BYTES,
      known: { 1: 'bytes', 2: 'bytes' },
      unique: [1, 2],
    });
    return Exchange.decode(bytes);
  } catch (cause) {
    throw exchangeError('a message that cannot be decoded', { cause });
  }
}

function exchangeError(found: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_PLAINTEXT_EXCHANGE', 'remote', `plaintext: the remote sent ${found}`, options);
}
