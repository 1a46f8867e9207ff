import type { SchedulerLike } from 'rxjs';
import type { HostPeerStore, StoreClocks } from '../core/peer-store-contract.js';
import { DatastorePort, type AnyDatastore } from '../promises/datastore-port.js';
import { DatastoreBacking } from './datastore-backing.js';
import { checkedLimits, type PeerStoreOptions } from './memory-peer-store.js';
import { MemoryPeerStore } from './peer-store.js';
import { StoreCore } from './store-core.js';

/** `clocks` hold until a host brings its own. */
export function backedPeerStore(
  datastore: AnyDatastore,
  options: PeerStoreOptions,
  clocks: StoreClocks & { readonly scheduler: SchedulerLike },
): HostPeerStore {
  const core = new StoreCore(checkedLimits('datastorePeerStore', options), clocks, (books) => {
    const scheduler = (): SchedulerLike => books.clock.scheduler ?? clocks.scheduler;
    return new DatastoreBacking(books, new DatastorePort(datastore), scheduler);
  });
  return new MemoryPeerStore(core);
}
