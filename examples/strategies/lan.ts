/**
 * A game for friends in one room, who are often also reachable over the internet. The cable has 200 ms for itself, in which
 * every LAN answers; without a LAN address nobody waits for one, and when the last LAN address has failed, the internet
 * starts at once.
 *
 *   npm run example examples/strategies/lan.ts
 */
import { pipe } from 'rxjs';
import {
  defaultFilters,
  defaultRanking,
  isPrivate,
  isRelay,
  resolveAddrs,
  stagger,
  type DialStrategy,
} from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';

export const lan: DialStrategy = pipe(
  resolveAddrs(),
  defaultFilters(),
  defaultRanking(),
  stagger([(addr) => isPrivate(addr) && !isRelay(addr)], { byMs: 200 }),
);

const INTERNET = '/ip4/1.2.3.4/tcp/4001';

/** The same room: the internet is never asked. */
const room = {
  addrs: { '/ip4/192.168.1.5/tcp/4001': { connectMs: 3 }, [INTERNET]: { connectMs: 30 } },
} as const;

/** Another network with the same numbers: somebody else's 192.168.1.5 is silent, and the internet has it after 200 ms. */
const elsewhere = {
  addrs: { '/ip4/192.168.1.5/tcp/4001': { hangs: true }, [INTERNET]: { connectMs: 30 } },
} as const;

/** Or it refuses, and nobody waits. */
const refusing = {
  addrs: { '/ip4/192.168.1.5/tcp/4001': { refuseMs: 2 }, [INTERNET]: { connectMs: 30 } },
} as const;

for (const [where, network] of Object.entries({ room, elsewhere, refusing }))
  console.log(`${where}:\n${String(simulateDial(lan, network, { seed: 7 }))}\n`);
