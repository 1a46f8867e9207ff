/** The peerstore on disk, and the key that stays the same: over any `interface-datastore`, which must be installed beside it. */
import type { HostPeerStore } from './core/peer-store-contract.js';
import { backedPeerStore } from './peerstore/datastore-peer-store.js';
import type { PeerStoreOptions } from './peerstore/memory-peer-store.js';
import { monotonicScheduler } from './platform/monotonic-scheduler.js';
import { wallClock } from './platform/wall-clock.js';
import type { AnyDatastore } from './promises/datastore-port.js';

export type { PeerStoreOptions } from './peerstore/memory-peer-store.js';
export type { AnyDatastore } from './promises/datastore-port.js';
export { loadOrCreateKey } from './promises/identity-key.js';

/**
 * A peerstore that is kept in `datastore`, which stays its caller's to open and to close, behind the host's stop. It is
 * read when a host starts, or `ready` is called; every change is written as it is made, those that come together in one
 * batch. What fails is tried again, told on `warning$` (a host's `warning` event), and served from memory meanwhile.
 * Throws ERR_INVALID_OPTION.
 */
export function datastorePeerStore(datastore: AnyDatastore, options: PeerStoreOptions = {}): HostPeerStore {
  const now = (): number => monotonicScheduler.now();
  return backedPeerStore(datastore, options, { now, wallClock, scheduler: monotonicScheduler });
}
