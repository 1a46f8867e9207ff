/** Peer records: the addresses that a peer signs as its own. @source libp2p RFC 0003; swarm sheet, REC-8 to REC-10 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { AddressInfo, PeerRecordMessage } from '../generated/peer-record.js';
import { crypto } from '../crypto/crypto.js';
import { nameOfBytes, NO_BYTES, ownBytes } from './bytes.js';
import type { Bytes } from './duplex.js';
import type { PeerId, PrivateKey } from './identity.js';
import { multiaddrFromNetwork } from './multiaddr.js';
import { peerIdFrom } from './peer-id.js';
import { guardProtobuf } from './protobuf-guard.js';
import { Recent } from './recent.js';
import {
  failed,
  InvalidRecordError,
  MAX_ENVELOPE_BYTES,
  openEnvelope,
  readEnvelope,
  sealEnvelope,
  type Envelope,
  type EnvelopeKind,
} from './signed-envelope.js';

/** What go-libp2p and js-libp2p sign and take. The wording of RFC 0003 itself is rust-libp2p's alone and is not taken. */
export const PEER_RECORD: EnvelopeKind = {
  domain: 'libp2p-peer-record',
  payloadType: Uint8Array.of(0x03, 0x01),
};
/** Addresses that are taken from one record. @source reliability checklist, E8 */
export const MAX_RECORD_ADDRS = 64;

export interface PeerRecordFields {
  readonly peerId: PeerId;
  /** Larger is newer, whenever it arrives; nanoseconds by go-libp2p's habit, 64 bits. */
  readonly seq: bigint;
  /** Without `/p2p/`. */
  readonly addrs: readonly Multiaddr[];
}
/** A record whose envelope was opened; its payload is decoded once, here. @source REC-6 */
export interface SignedPeerRecord extends PeerRecordFields {
  readonly envelope: Envelope;
}

export function encodePeerRecord({ peerId, seq, addrs }: PeerRecordFields): Bytes {
  const addresses = addrs
    .filter(({ bytes }) => bytes.byteLength > 0)
    .map(({ bytes }) => ownBytes(AddressInfo.encode({ multiaddr: ownBytes(bytes) })));
  return ownBytes(PeerRecordMessage.encode({ peerId: peerId.bytes, seq, addresses }));
}

/** The record in its envelope, signed. Throws a `LimitError` where that takes more than 8 KiB. */
export function sealPeerRecord(
  { seq, addrs }: Pick<PeerRecordFields, 'seq' | 'addrs'>,
  key: PrivateKey,
): Bytes {
  return sealEnvelope(PEER_RECORD, encodePeerRecord({ peerId: peerIdFrom(key), seq, addrs }), key);
}

/** A peer's own record; the first 64 addresses that can be read. Throws `InvalidRecordError`, also where the signer is not the peer. */
export function openPeerRecord(bytes: Uint8Array): SignedPeerRecord {
  const name = nameOfBytes(crypto.sha256(bytes));
  const known = opened.get(name);
  if (known !== undefined) return known;
  const record = ofSigner(openEnvelope(bytes, PEER_RECORD));
  opened.set(name, record);
  return record;
}

/**
 * Who judges a record hands it on to be stored, where it is opened anew; and a peer that comes back sends the one that it
 * sent before. The same bytes are opened once. 8 KiB at most each, by the hash of which they are known.
 */
const MAX_OPENED = 32;
const opened = new Recent<SignedPeerRecord>(MAX_OPENED);

/** The same from a place that was filled with opened records: the signature is not verified again. */
export function readPeerRecord(bytes: Uint8Array): SignedPeerRecord {
  return ofSigner(readEnvelope(bytes));
}

function ofSigner(envelope: Envelope): SignedPeerRecord {
  const record = decodePeerRecord(envelope.payload, envelope);
  if (!record.peerId.equals(peerIdFrom(envelope.publicKey)))
    throw new InvalidRecordError(
      'peer-id-mismatch',
      'signing key does not match PeerID in PeerRecord',
      envelope,
    );
  return { ...record, envelope };
}

function decodePeerRecord(bytes: Uint8Array, envelope: Envelope): PeerRecordFields {
  try {
    guardProtobuf(bytes, {
      what: 'peer record',
      maxBytes: MAX_ENVELOPE_BYTES,
      known: { 1: 'bytes', 2: 'number64', 3: 'bytes' },
      unique: [1, 2],
    });
    const { peerId, seq, addresses } = PeerRecordMessage.decode(ownBytes(bytes));
    return { peerId: peerIdFrom(peerId ?? NO_BYTES), seq: seq ?? 0n, addrs: readable(addresses) };
  } catch (cause) {
    throw failed('bad-payload', 'unable to process envelope: not a PeerRecord', cause, envelope);
  }
}

/** An entry that is empty or broken costs only itself. @source REC-10 */
function readable(addresses: readonly Uint8Array[]): readonly Multiaddr[] {
  const addrs: Multiaddr[] = [];
  for (const info of addresses) {
    if (addrs.length === MAX_RECORD_ADDRS) break;
    const addr = addrOf(info);
    if (addr !== undefined) addrs.push(addr);
  }
  return addrs;
}

function addrOf(info: Uint8Array): Multiaddr | undefined {
  try {
    guardProtobuf(info, {
      what: 'address',
      maxBytes: MAX_ENVELOPE_BYTES,
      known: { 1: 'bytes' },
      unique: [1],
    });
    const { multiaddr } = AddressInfo.decode(ownBytes(info));
    const addr = multiaddr === undefined ? undefined : multiaddrFromNetwork(multiaddr);
    return addr?.bytes.byteLength === 0 ? undefined : addr;
  } catch {
    return undefined;
  }
}

/** Sequence numbers of our own records: nanoseconds of the wall clock, and always more than before. @source REC-9 */
export class RecordSequence {
  private last = 0n;

  /** `wallClock` in ms. */
  constructor(private readonly wallClock: () => number) {}

  next(): bigint {
    const now = BigInt(Math.max(0, Math.trunc(this.wallClock() * 1_000))) * 1_000n;
    this.last = now > this.last ? now : this.last + 1n;
    return this.last;
  }
}
