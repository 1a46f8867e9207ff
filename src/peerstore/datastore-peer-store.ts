import type { SchedulerLike } from 'rxjs';
import type { HostPeerStore, StoreClocks } from '../core/peer-store-contract.js';
import { DatastorePort, type AnyDatastore } from '../promises/datastore-port.js';
import { DatastoreBacking } from './datastore-backing.js';
import { checkedLimits, type PeerStoreOptions } from './memory-peer-store.js';
import { MemoryPeerStore } from './peer-store.js';

/** `clocks` hold until a host brings its own. */
export function backedPeerStore(
  datastore: AnyDatastore,
  options: PeerStoreOptions,
  clocks: StoreClocks & { readonly scheduler: SchedulerLike },
): HostPeerStore {
  return new MemoryPeerStore(checkedLimits('datastorePeerStore', options), clocks, (store) => {
    const scheduler = (): SchedulerLike => store.clock.scheduler ?? clocks.scheduler;
    return new DatastoreBacking(store, new DatastorePort(datastore), scheduler);
  });
}
