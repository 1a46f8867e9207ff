/**
 * Two rules of one's own. A function from list to list is lifted by `mapDials`: the address that worked last time goes first.
 * What needs time is an operator: a quick answer of the name server still takes part in the ranking.
 *
 *   npm run example examples/strategies/own.ts
 */
import { map, of, pipe, switchMap, timer } from 'rxjs';
import {
  defaultFilters,
  defaultRanking,
  mapDials,
  resolveAddrs,
  type DialStrategy,
  type PeerId,
} from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';

const rememberedFirst = (recall: (peer: PeerId) => string | undefined) =>
  mapDials((dials, { peer }) =>
    dials.map((dial) => ({
      ...dial,
      delayMs: dial.addr.toString() === recall(peer) ? 0 : dial.delayMs + 100,
    })),
  );

const awaitNames = (ms: number): DialStrategy =>
  switchMap((plan, index) =>
    index === 0 ? timer(ms, plan.context.scheduler).pipe(map(() => plan)) : of(plan),
  );

const patient: DialStrategy = pipe(resolveAddrs(), awaitNames(30), defaultFilters(), defaultRanking());

const faithful: DialStrategy = pipe(
  resolveAddrs(),
  defaultFilters(),
  defaultRanking(),
  rememberedFirst(() => '/ip4/1.2.3.4/tcp/4001'),
);

const network = {
  addrs: {
    '/ip4/1.2.3.4/udp/4001/quic-v1': { hangs: true },
    '/ip4/1.2.3.4/tcp/4001': { connectMs: 40 },
    '/dns4/example.org/tcp/4001': { connectMs: 40 },
  },
  names: { 'example.org': { afterMs: 20, answers: ['1.2.3.5'] } },
} as const;

console.log(`TCP worked last time:\n${String(simulateDial(faithful, network, { seed: 7 }))}\n`);
console.log(`The name has 30 ms to answer:\n${String(simulateDial(patient, network, { seed: 7 }))}`);
