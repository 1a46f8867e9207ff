/** Puts what was stored beneath what is known by now: what has happened since the store was opened is newer. */
import type { AddrBook } from './addr-book.js';
import { tombstone } from './backing.js';
import { keptProtocols } from './given.js';
import type { PeerStoreLimits } from './limits.js';
import type { PeerEntry } from './peer-entry.js';
import type { StoredPeer } from './stored-peer-message.js';

export interface Restoring {
  readonly book: AddrBook;
  readonly limits: PeerStoreLimits;
  readonly now: number;
  /** Whether one more signed record may be kept. */
  readonly hasRoomForRecord: boolean;
  readonly isForgotten: (what: string) => boolean;
}

/** Says whether the peer is now as it is stored: a part may have expired since, or there may be more. */
export function restore(entry: PeerEntry, stored: StoredPeer, deps: Restoring): boolean {
  const { limits, isForgotten } = deps;
  const { key } = entry;
  if (isForgotten(tombstone.peer(key))) return false;
  const wasEmpty = entry.isEmpty;
  const addrs = isForgotten(tombstone.addrs(key)) ? [] : stored.addrs.filter(({ leftMs }) => leftMs > 0);
  restoreAddrs(entry, { ...stored, addrs }, deps);
  if (entry.protocols.length === 0) entry.protocols = keptProtocols(stored.protocols, limits.protocols);
  fill(entry.metadata, stored.metadata, limits.metadataKeys, (name) =>
    isForgotten(tombstone.metadata(key, name)),
  );
  fill(entry.tags, stored.tags, limits.tags, (name) => isForgotten(tombstone.tag(key, name)));
  entry.rttMs ??= stored.rttMs;
  entry.hasToldKey ||= stored.hasToldKey;
  return wasEmpty && !entry.isEmpty && entry.addrs.size === stored.addrs.length;
}

/** Of two records the newer one holds, and only its addresses are certified. @source PS-31, PS-33 */
function restoreAddrs(entry: PeerEntry, { addrs, record }: StoredPeer, deps: Restoring): void {
  const { book, now, hasRoomForRecord } = deps;
  const isNewer = record !== undefined && record.seq > (entry.record?.seq ?? -1n) && hasRoomForRecord;
  if (isNewer) book.uncertify(entry);
  for (const { addr, ...left } of addrs) {
    if (left.certified && !isNewer && entry.record !== undefined) continue;
    book.restore(entry, addr, { ...left, certified: left.certified && isNewer }, now);
  }
  if (isNewer && entry.addrs.size > 0) entry.record = record;
}

function fill<T>(
  map: Map<string, T>,
  stored: ReadonlyMap<string, T>,
  most: number,
  isForgotten: (name: string) => boolean,
): void {
  for (const [name, value] of stored)
    if (!map.has(name) && map.size < most && !isForgotten(name)) map.set(name, value);
}
