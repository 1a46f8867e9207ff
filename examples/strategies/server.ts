/**
 * A server in a data center, which dials whatever strangers announce. Nobody must be able to point it at the machines
 * beside it: not with a private address, and not with a name that resolves to one ("DNS rebinding"). So the guard stands
 * behind `resolveAddrs`, judges every answer, and lets through what is known to be public, not all but what is known to be
 * private. Relays have the guard of their own dial; a server with a public address needs none.
 *
 *   npm run example examples/strategies/server.ts
 */
import { pipe } from 'rxjs';
import {
  defaultFilters,
  defaultRanking,
  isPublic,
  isRelay,
  Libp2pError,
  limitAddrs,
  only,
  refuse,
  resolveAddrs,
  type DialStrategy,
} from 'rx-libp2p';
import { simulateDial } from 'rx-libp2p/testing';

/** What one stranger's record may make us try. */
const MAX_ADDRS = 16;

export const server: DialStrategy = pipe(
  resolveAddrs(),
  only(isPublic),
  refuse(isRelay, () => new Libp2pError('ERR_ADDR_REFUSED', 'local', 'this server dials no relays')),
  defaultFilters(),
  defaultRanking(),
  limitAddrs(MAX_ADDRS),
);

/** One honest address, the cloud's metadata service, and a name that leads to the database. */
const stranger = {
  addrs: {
    '/ip4/1.2.3.4/tcp/4001': { connectMs: 60 },
    '/ip4/169.254.169.254/tcp/80': { connectMs: 1 },
    '/ip6/::ffff:10.0.0.5/tcp/5432': { connectMs: 1 },
    '/dns4/rebind.example/tcp/5432': { connectMs: 1 },
  },
  names: { 'rebind.example': { afterMs: 20, answers: ['10.0.0.5', '0.0.0.0'] } },
} as const;

console.log(String(simulateDial(server, stranger, { seed: 7 })));
