import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { sealPeerRecord } from '../../src/core/peer-record.js';
import type { PeerId, PrivateKey } from '../../src/core/identity.js';
import type { HostPeerStore } from '../../src/core/peer-store-contract.js';
import { DEFAULT_LIMITS, type PeerStoreLimits } from '../../src/peerstore/limits.js';
import { MemoryPeerStore } from '../../src/peerstore/peer-store.js';
import { StoreCore } from '../../src/peerstore/store-core.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

const keys = new Map<string, PrivateKey>();

/** The same name, the same key. */
export function keyOf(name: string): PrivateKey {
  const key = keys.get(name) ?? generateKey('Ed25519', { random: seededRandom(name) });
  keys.set(name, key);
  return key;
}

export function peer(name: string): PeerId {
  return peerIdFrom(keyOf(name));
}

/** An address that only its number tells from others. */
export function addr(n: number): string {
  return `/ip4/203.0.113.${String(n % 256)}/tcp/${String(1 + Math.floor(n / 256))}`;
}

export function addrs(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, n) => addr(from + n));
}

export function recordOf(name: string, seq: bigint, addresses: readonly string[]): Uint8Array {
  return sealPeerRecord({ seq, addrs: addresses.map(parseMultiaddr) }, keyOf(name));
}

/** A store on a clock that moves when it is told to. */
export function storeInTime(limits: Partial<PeerStoreLimits> = {}): {
  readonly store: MemoryPeerStore;
  readonly core: StoreCore;
  readonly clock: VirtualClock;
  pass(ms: number): void;
} {
  const clock = new VirtualClock();
  const core = new StoreCore({ ...DEFAULT_LIMITS, ...limits });
  const store = new MemoryPeerStore(core);
  store.attach({ now: () => clock.now(), wallClock: () => clock.now(), scheduler: clock });
  return {
    store,
    core,
    clock,
    pass: (ms) => {
      run(clock, ms);
    },
  };
}

/** Lets time pass, and what is due run. */
export function run(clock: VirtualClock, ms: number): void {
  const end = clock.now() + ms;
  while ((clock.nextAt ?? Infinity) <= end) clock.step();
  clock.moveTo(end);
}

export function known(store: HostPeerStore, name: string): string[] {
  return (store.get(peer(name))?.addrs ?? []).map((entry) => entry.addr.toString());
}
