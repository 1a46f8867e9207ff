/**
 * A mobile app. QUIC survives a change of networks, so it gets a head start before TCP; a relay is better than nothing. The
 * radio costs battery: eight addresses are enough. Nobody looks at a spinner for more than three seconds.
 *
 *   npm run example examples/strategies/mobile.ts
 */
import { pipe } from 'rxjs';
import {
  defaultFilters,
  delayRelays,
  giveUpAfter,
  happyEyeballs,
  limitAddrs,
  resolveAddrs,
  type DialStrategy,
} from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';

export const mobile: DialStrategy = pipe(
  giveUpAfter(3000),
  resolveAddrs(),
  defaultFilters(),
  happyEyeballs({ publicMs: 300 }),
  delayRelays({ byMs: 1500 }),
  limitAddrs(8),
);

const RELAY = '/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';

/** A hotel's network, which lets no UDP through: TCP has it after both families of QUIC. */
const hotel = {
  addrs: {
    '/ip6/2001:4860::1/udp/4001/quic-v1': { hangs: true },
    '/ip4/1.2.3.4/udp/4001/quic-v1': { hangs: true },
    '/ip4/1.2.3.4/tcp/4001': { connectMs: 80 },
    [`/ip4/5.6.7.8/tcp/4001${RELAY}`]: { connectMs: 120 },
  },
} as const;

/** A tunnel: nothing answers, and after three seconds that is what the user hears. */
const tunnel = {
  addrs: {
    '/ip4/1.2.3.4/udp/4001/quic-v1': { hangs: true },
    '/dns4/example.org/tcp/4001': { hangs: true },
  },
  names: { 'example.org': { afterMs: 1500, answers: ['1.2.3.5'] } },
} as const;

console.log(`In a hotel:\n${String(simulateDial(mobile, hotel, { seed: 7 }))}\n`);
console.log(`In a tunnel:\n${String(simulateDial(mobile, tunnel, { seed: 7 }))}`);
