import { checkedNumbers } from '../core/checked-numbers.js';
import { Libp2pError } from '../core/errors.js';
import type { HostPeerStore } from '../core/peer-store-contract.js';
import { show } from '../core/show.js';
import { DEFAULT_LIMITS, type PeerStoreLimits } from './limits.js';
import { MemoryPeerStore } from './peer-store.js';
import { StoreCore } from './store-core.js';

/** What a store may hold. */
export interface PeerStoreOptions {
  /** What the store holds; each has a default. 0 is none. */
  readonly limits?: Partial<PeerStoreLimits> | undefined;
}

/**
 * A store that lives as long as its process; what `createHost` takes if it is given none. Until a host brings its clocks,
 * time stands still in it. Throws ERR_INVALID_OPTION.
 */
export function memoryPeerStore(options: PeerStoreOptions = {}): HostPeerStore {
  return new MemoryPeerStore(new StoreCore(checkedLimits('memoryPeerStore', options)));
}

export function checkedLimits(part: string, { limits = {}, ...others }: PeerStoreOptions): PeerStoreLimits {
  for (const [name, value] of Object.entries(others))
    throw new Libp2pError(
      'ERR_INVALID_OPTION',
      'local',
      `${part}: there is no option "${name}" (its value: ${show(value)})`,
    );
  return checkedNumbers(
    `${part}: limits`,
    DEFAULT_LIMITS as PeerStoreLimits & Record<string, number>,
    limits,
  );
}
