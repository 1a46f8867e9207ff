/** What we tell of ourselves: one state with a number, and the parts that it is sent in. Pure. @source go-libp2p identify (ID-6 to ID-8) */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isLoopback, isRelay } from '../../core/address-class.js';
import { concatBytes, equalBytes, utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { hostAndPort } from '../../core/multiaddr.js';
import { trimAddrs } from './addr-score.js';
import { encodeIdentify } from './identify-message.js';

/** The first part, which is all that rust-libp2p reads. @source ID-7; wire sheet 8.2 */
const MAX_FIRST_PART_BYTES = 4096;
/** Beyond, the record travels in a part of its own. @source ID-6 */
const MAX_SINGLE_PART_BYTES = 2048;
/** Kept free for the address that we see the remote at; a longer one is left out. */
const OBSERVED_BYTES = 128;

export interface Facts {
  readonly publicKey: Bytes;
  readonly protocolVersion: string;
  readonly agentVersion: string;
  readonly protocols: readonly string[];
  /** Without the peer at the end. */
  readonly addrs: readonly Multiaddr[];
  readonly record: Bytes | undefined;
}
export interface Snapshot extends Facts {
  /** Counts up by one with every change. */
  readonly seq: number;
}

/** The facts in order, and no more of them than a part has room for: addresses go first, then protocols, the key never. @source ID-7; reliability checklist, I17 */
export function snapshotOf(facts: Facts, before?: Snapshot): Snapshot {
  const { publicKey, protocolVersion, agentVersion, record } = facts;
  const fixed = encodeIdentify({ publicKey, protocolVersion, agentVersion, listenAddrs: [], protocols: [] });
  let left = MAX_FIRST_PART_BYTES - OBSERVED_BYTES - fixed.byteLength;
  const protocols = [...facts.protocols].sort().filter((protocol) => {
    const cost = fieldBytes(utf8(protocol).byteLength);
    if (cost <= left) left -= cost;
    else return false;
    return true;
  });
  const addrs = trimAddrs(facts.addrs, left, ({ bytes }) => fieldBytes(bytes.byteLength));
  const sorted = [...addrs].sort((a, b) => compareBytes(a.bytes, b.bytes));
  const next = { publicKey, protocolVersion, agentVersion, record, protocols, addrs: sorted };
  if (before !== undefined && isSame(before, next)) return before;
  return { ...next, seq: (before?.seq ?? 0) + 1 };
}

/** What one connection's remote is told, part by part. @source ID-6, ID-8 */
export function partsFor(
  snapshot: Snapshot,
  { localAddr, remoteAddr }: { readonly localAddr: Multiaddr; readonly remoteAddr: Multiaddr },
): readonly Bytes[] {
  const common = commonOf(snapshot, isLoopback(localAddr) || isLoopback(remoteAddr));
  const { record } = snapshot;
  const observedAddr = observed(remoteAddr);
  // Fields of a message may come in any order, and so behind one another.
  const first =
    observedAddr === undefined
      ? common
      : concatBytes(common, encodeIdentify({ listenAddrs: [], protocols: [], observedAddr }));
  if (record === undefined) return [first];
  const second = encodeIdentify({ listenAddrs: [], protocols: [], signedPeerRecord: record });
  return first.byteLength + second.byteLength <= MAX_SINGLE_PART_BYTES
    ? [concatBytes(first, second)]
    : [first, second];
}

/** What of a snapshot all connections are told, those on this machine with the addresses there: encoded with the first of them. */
const encoded = new WeakMap<Snapshot, { local?: Bytes; remote?: Bytes }>();

function commonOf(snapshot: Snapshot, isLocal: boolean): Bytes {
  const known = encoded.get(snapshot) ?? {};
  encoded.set(snapshot, known);
  if (isLocal) return (known.local ??= encodeCommon(snapshot, snapshot.addrs));
  return (known.remote ??= encodeCommon(
    snapshot,
    snapshot.addrs.filter((addr) => !isLoopback(addr)),
  ));
}

function encodeCommon(snapshot: Snapshot, addrs: readonly Multiaddr[]): Bytes {
  const { publicKey, protocols, protocolVersion, agentVersion } = snapshot;
  const listenAddrs = addrs.map(({ bytes }) => new Uint8Array(bytes));
  return encodeIdentify({ publicKey, listenAddrs, protocols, protocolVersion, agentVersion });
}

/** Where we see the remote, if that is a place in a network. @source wire sheet 8.4 */
function observed(remoteAddr: Multiaddr): Bytes | undefined {
  const isPlace = hostAndPort(remoteAddr) !== undefined && !isRelay(remoteAddr);
  if (!isPlace || fieldBytes(remoteAddr.bytes.byteLength) > OBSERVED_BYTES) return undefined;
  return new Uint8Array(remoteAddr.bytes);
}

/** A field's tag, its length, and itself. */
function fieldBytes(byteLength: number): number {
  return 1 + (byteLength < 128 ? 1 : 2) + byteLength;
}

function isSame(a: Facts, b: Facts): boolean {
  return (
    a.agentVersion === b.agentVersion &&
    a.protocolVersion === b.protocolVersion &&
    a.protocols.join('\n') === b.protocols.join('\n') &&
    a.addrs.join('\n') === b.addrs.join('\n') &&
    isSameRecord(a.record, b.record)
  );
}

function isSameRecord(a: Bytes | undefined, b: Bytes | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < Math.min(a.byteLength, b.byteLength); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.byteLength - b.byteLength;
}
