/**
 * What a handshake proves and settles: the identity key, its signature over the static key, and the muxers.
 * @source libp2p noise specification, The libp2p Handshake Payload
 */
import { concatBytes, ownBytes, utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import type { PeerId, PrivateKey } from '../../core/identity.js';
import { publicKeyFrom } from '../../core/keys.js';
import { peerIdFrom } from '../../core/peer-id.js';
import { guardProtobuf } from '../../core/protobuf-guard.js';
import { refuseOther, refuseSelf } from '../../core/remote-peer.js';
import { NoiseExtensions, NoiseHandshakePayload } from '../../generated/noise.js';
import { handshakeError } from './handshake.js';

const SIGNATURE_PREFIX = utf8('noise-libp2p-static-key:');
/** A payload with an RSA-8192 identity takes about 2.2 KiB. @source reliability limits, bytes */
export const MAX_PAYLOAD_BYTES = 16 * 1024;
/** Entries of each extension, and the length of one. @source reliability checklist, N18 */
const MAX_EXTENSION_ENTRIES = 32;
const MAX_EXTENSION_ENTRY_BYTES = 1024;

export interface Payload {
  readonly remotePeer: PeerId;
  readonly muxers: readonly string[];
}

/** What `key` says of itself over a Noise static key. */
export function signStaticKey(key: PrivateKey, staticKey: Uint8Array): Bytes {
  return key.sign(concatBytes(SIGNATURE_PREFIX, staticKey));
}

export function encodePayload(key: PrivateKey, signature: Bytes, muxers: readonly string[]): Bytes {
  const extensions = NoiseExtensions.encode({ webtransportCerthashes: [], streamMuxers: [...muxers] });
  return ownBytes(
    NoiseHandshakePayload.encode({
      identityKey: key.publicKey.bytes,
      identitySig: signature,
      ...(muxers.length === 0 ? {} : { extensions: ownBytes(extensions) }),
    }),
  );
}

/** The checks in the order of the specification: key, signature, expected peer, and only then the extensions. */
export function verifyPayload(
  bytes: Bytes,
  remoteStatic: Bytes,
  expected: PeerId | undefined,
  self: PeerId,
): Payload {
  const message = decode(bytes);
  if (message.identityKey === undefined) throw handshakeError('a payload without an identity key');
  if (message.identitySig === undefined) throw handshakeError('a payload without a signature');
  const key = readKey(message.identityKey);
  if (!key.verify(concatBytes(SIGNATURE_PREFIX, remoteStatic), message.identitySig))
    throw handshakeError('a signature that does not fit its identity key and static key');
  const remotePeer = peerIdFrom(key);
  refuseSelf(remotePeer, self);
  refuseOther(remotePeer, expected);
  return { remotePeer, muxers: readMuxers(message.extensions) };
}

/** The first of the initiator's muxers that the responder has; `undefined` leaves it to multistream. */
export function selectMuxer(
  initiators: readonly string[],
  responders: readonly string[],
): string | undefined {
  if (initiators.length === 0 || responders.length === 0) return undefined;
  const selected = initiators.find((muxer) => responders.includes(muxer));
  if (selected === undefined) throw handshakeError('muxers of which we have none');
  return selected;
}

function decode(bytes: Bytes): NoiseHandshakePayload {
  try {
    guardProtobuf(bytes, {
      what: 'noise payload',
      maxBytes: MAX_PAYLOAD_BYTES,
      known: { 1: 'bytes', 2: 'bytes', 4: 'bytes' },
      unique: [1, 2, 4],
    });
    return NoiseHandshakePayload.decode(bytes);
  } catch (cause) {
    throw handshakeError('a payload that cannot be decoded', { cause });
  }
}

function readKey(bytes: Bytes): ReturnType<typeof publicKeyFrom> {
  try {
    return publicKeyFrom(bytes);
  } catch (cause) {
    throw handshakeError('an identity key that is none', { cause });
  }
}

function readMuxers(bytes: Bytes | undefined): readonly string[] {
  if (bytes === undefined) return [];
  const { streamMuxers, webtransportCerthashes } = decodeExtensions(bytes);
  checkEntries('muxers', streamMuxers.map(utf8));
  checkEntries('certificate hashes', webtransportCerthashes);
  return streamMuxers;
}

function decodeExtensions(bytes: Bytes): NoiseExtensions {
  try {
    guardProtobuf(bytes, {
      what: 'noise extensions',
      maxBytes: MAX_PAYLOAD_BYTES,
      known: { 1: 'bytes', 2: 'text' },
    });
    return NoiseExtensions.decode(bytes);
  } catch (cause) {
    throw handshakeError('extensions that cannot be decoded', { cause });
  }
}

function checkEntries(what: string, entries: readonly Uint8Array[]): void {
  if (entries.length > MAX_EXTENSION_ENTRIES)
    throw handshakeError(`${String(entries.length)} ${what}; ${String(MAX_EXTENSION_ENTRIES)} are allowed`);
  const longest = Math.max(0, ...entries.map(({ byteLength }) => byteLength));
  if (longest > MAX_EXTENSION_ENTRY_BYTES)
    throw handshakeError(
      `${what} of ${String(longest)} bytes; ${String(MAX_EXTENSION_ENTRY_BYTES)} are allowed`,
    );
}
