import { MemoryDatastore } from 'datastore-core';
import type { AnyDatastore } from '../../src/datastore.js';
import { backedPeerStore } from '../../src/peerstore/datastore-peer-store.js';
import type { PeerStoreOptions } from '../../src/peerstore/memory-peer-store.js';
import type { HostPeerStore } from '../../src/core/peer-store-contract.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { run } from './peer-store.js';

/** A datastore in memory, to look into and to break: whatever is asked of it goes through `before`. */
export class BreakableDatastore extends MemoryDatastore {
  commits = 0;
  before: (what: 'query' | 'commit') => void | Promise<void> = () => undefined;

  override batch(): ReturnType<MemoryDatastore['batch']> {
    const batch = super.batch();
    return {
      put: (key, value) => {
        batch.put(key, value);
      },
      delete: (key) => {
        batch.delete(key);
      },
      commit: async (options) => {
        this.commits += 1;
        await this.before('commit');
        await batch.commit(options);
      },
    };
  }

  override async *query(
    ...args: Parameters<MemoryDatastore['query']>
  ): AsyncGenerator<{ key: import('interface-datastore').Key; value: Uint8Array }> {
    await this.before('query');
    yield* super.query(...args);
  }

  /** What lies below a prefix. */
  async values(prefix = '/rx-libp2p/peers/'): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for await (const { key, value } of super.query({ prefix })) found.set(key.toString(), value);
    return found;
  }
}

export const START_MS = 1_700_000_000_000;

export interface Opened {
  readonly store: HostPeerStore;
  readonly clock: VirtualClock;
  readonly warnings: string[];
  wall: number;
}

/** A store over a datastore, on a clock that moves when it is told to; `wall` is what the wall clock shows at its start. */
export function open(datastore: AnyDatastore, wall = START_MS, options: PeerStoreOptions = {}): Opened {
  const clock = new VirtualClock();
  const opened: Opened = {
    clock,
    wall,
    warnings: [],
    store: backedPeerStore(datastore, options, {
      now: () => clock.now(),
      wallClock: () => opened.wall + clock.now(),
      scheduler: clock,
    }),
  };
  opened.store.warning$.subscribe((error) => opened.warnings.push(error.message));
  return opened;
}

/** Lets time pass in steps, with a turn for whatever waits in between. */
export async function pass({ clock }: Opened, ms: number, steps = 20): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    await turn();
    run(clock, ms / steps);
  }
  await turn();
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets time pass until it is settled. */
export async function until<T>(opened: Opened, promise: Promise<T>): Promise<T> {
  const unsettled = new Set([promise]);
  const settled = (): void => {
    unsettled.clear();
  };
  promise.then(settled, settled);
  for (let turns = 0; turns < 10_000; turns += 1) {
    await turn();
    if (unsettled.size === 0) break;
    run(opened.clock, 1);
  }
  return promise;
}
