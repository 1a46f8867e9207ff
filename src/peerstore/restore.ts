/** Puts what was stored beneath what is known by now: what has happened since the store was opened is newer. */
import type { AddrBook } from './addr-book.js';
import { tombstone } from './backing.js';
import { keptProtocols } from './given.js';
import type { PeerStoreLimits } from './limits.js';
import type { PeerEntry } from './peer-entry.js';
import type { Shared } from './shared.js';
import type { StoredPeer } from './stored-peer-message.js';

export interface Restoring {
  readonly book: AddrBook;
  readonly limits: PeerStoreLimits;
  readonly shared: Shared;
  readonly now: number;
  /** Whether one more signed record may be kept. */
  readonly hasRoomForRecord: boolean;
  readonly isForgotten: (what: string) => boolean;
}

/** Says whether the peer is now as it is stored: a part may have expired since, or there may be more. */
export function restore(entry: PeerEntry, stored: StoredPeer, deps: Restoring): boolean {
  const { limits, isForgotten, shared } = deps;
  const { key } = entry;
  if (isForgotten(tombstone.peer(key))) return false;
  const hadNothing = entry.isEmpty;
  if (!isForgotten(tombstone.addrs(key))) restoreAddrs(entry, stored, deps);
  if (entry.protocols.length === 0)
    entry.protocols = shared.list(keptProtocols(stored.protocols, limits.protocols));
  entry.metadata = shared.metadata(
    filled(entry.metadata, stored.metadata, limits.metadataKeys, (name) =>
      isForgotten(tombstone.metadata(key, name)),
    ),
  );
  entry.tags = filled(entry.tags, stored.tags, limits.tags, (name) => isForgotten(tombstone.tag(key, name)));
  entry.rttMs ??= stored.rttMs;
  entry.hasToldKey ||= stored.hasToldKey;
  return hadNothing && entry.addrs.size === stored.addrs.length;
}

function restoreAddrs(entry: PeerEntry, stored: StoredPeer, deps: Restoring): void {
  const isNewer = takesRecord(entry, stored, deps);
  if (isNewer) deps.book.uncertify(entry);
  // The addresses of a record that gave way to a newer one are gone with it. @source PS-33
  const isGone = !isNewer && entry.record !== undefined;
  for (const { addr, ...left } of stored.addrs) {
    if (left.leftMs <= 0 || (left.certified && isGone)) continue;
    deps.book.restore(entry, addr, { ...left, certified: left.certified && isNewer }, deps.now);
  }
  if (isNewer && entry.addrs.size > 0) entry.record = stored.record;
}

/** Of two records the newer one holds, and only its addresses are certified. @source PS-31 */
function takesRecord(entry: PeerEntry, { record }: StoredPeer, { hasRoomForRecord }: Restoring): boolean {
  if (record === undefined || !hasRoomForRecord) return false;
  return entry.record === undefined || record.seq > entry.record.seq;
}

function filled<T>(
  map: ReadonlyMap<string, T>,
  stored: ReadonlyMap<string, T>,
  most: number,
  isForgotten: (name: string) => boolean,
): ReadonlyMap<string, T> {
  if (stored.size === 0) return map;
  const full = new Map(map);
  for (const [name, value] of stored)
    if (!full.has(name) && full.size < most && !isForgotten(name)) full.set(name, value);
  return full;
}
