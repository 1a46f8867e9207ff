/** The strategies of the guide, run by the real worker in virtual time. */
import { map, of, pipe, switchMap, timer } from 'rxjs';
import { isPrivate, isPublic, isRelay } from '../../src/core/address-class.js';
import type { DialStrategy } from '../../src/core/dial-contract.js';
import { defaultFilters, defaultStrategy } from '../../src/swarm/default-strategy.js';
import { limitAddrs, only } from '../../src/swarm/refusals.js';
import { resolveAddrs } from '../../src/swarm/resolve-addrs.js';
import {
  defaultRanking,
  delayRelays,
  giveUpAfter,
  happyEyeballs,
  stagger,
} from '../../src/swarm/strategies.js';
import { simulateDial } from '../../src/testing.js';

const QUIC = '/ip4/1.2.3.4/udp/1/quic-v1';
const TCP = '/ip4/1.2.3.4/tcp/1';
const LAN = '/ip4/192.168.1.5/tcp/1';
const NAME = '/dns4/a.example/udp/1/quic-v1';
const hangs = { hangs: true } as const;
const run = (strategy: DialStrategy, network: Parameters<typeof simulateDial>[1]) => {
  const { outcome, afterMs, dialed, events } = simulateDial(strategy, network, { seed: 7 });
  const won = events.find(({ type }) => type === 'dial:connect');
  return { outcome, afterMs, dialed, won: won && 'addr' in won ? won.addr : undefined };
};

describe('an app that prefers QUIC and gives up', () => {
  const mobile = pipe(
    giveUpAfter(3000),
    resolveAddrs(),
    defaultFilters(),
    happyEyeballs({ publicMs: 300 }),
    delayRelays({ byMs: 1500 }),
    limitAddrs(8),
  );

  it('takes TCP where UDP is swallowed', () => {
    const addrs = { [QUIC]: hangs, [TCP]: { connectMs: 80 } };
    expect(run(mobile, { addrs })).toEqual({ outcome: 'connected', afterMs: 380, dialed: 2, won: TCP });
  });

  it('fails after three seconds, also while it waits for a name that never answers', () => {
    expect(run(mobile, { addrs: { [QUIC]: hangs } })).toMatchObject({ outcome: 'failed', afterMs: 3000 });
    expect(run(mobile, { addrs: { [NAME]: hangs }, names: {} })).toMatchObject({
      outcome: 'failed',
      afterMs: 3000,
    });
  });
});

describe('a server that dials only what is public', () => {
  const server = pipe(resolveAddrs(), only(isPublic), defaultFilters(), defaultRanking());

  it('dials no private address, given or resolved', () => {
    const addrs = { [LAN]: { connectMs: 1 }, [NAME]: { connectMs: 1 } };
    const names = { 'a.example': { afterMs: 20, answers: ['10.0.0.5', '127.0.0.1'] } };
    expect(run(server, { addrs, names })).toMatchObject({ outcome: 'failed', afterMs: 20, dialed: 0 });
  });
});

describe('a game that tries the LAN first', () => {
  const lan = pipe(
    resolveAddrs(),
    defaultFilters(),
    defaultRanking(),
    stagger([(addr) => isPrivate(addr) && !isRelay(addr)], { byMs: 200 }),
  );
  const internet = { connectMs: 30 };

  it.each([
    ['wins in the LAN', { [LAN]: { connectMs: 3 }, [TCP]: internet }, { afterMs: 3, dialed: 1, won: LAN }],
    [
      'waits 200 ms for one that is silent',
      { [LAN]: hangs, [TCP]: internet },
      { afterMs: 230, dialed: 2, won: TCP },
    ],
    [
      'waits no longer for one that refuses',
      { [LAN]: { refuseMs: 2 }, [TCP]: internet },
      { afterMs: 32, dialed: 2, won: TCP },
    ],
    ['waits for none where there is none', { [TCP]: internet }, { afterMs: 30, dialed: 1, won: TCP }],
  ])('%s', (_, addrs, expected) => {
    expect(run(lan, { addrs })).toEqual({ outcome: 'connected', ...expected });
  });
});

describe('an operator of ones own', () => {
  const awaitNames = (ms: number): DialStrategy =>
    switchMap((plan, index) =>
      index === 0 ? timer(ms, plan.context.scheduler).pipe(map(() => plan)) : of(plan),
    );
  const network = {
    addrs: { [TCP]: { connectMs: 50 }, [NAME]: { connectMs: 50 } },
    names: { 'a.example': { afterMs: 20, answers: ['1.2.3.9'] } },
  };

  it('holds the first plan back, so that a quick answer still takes part', () => {
    expect(run(defaultStrategy(), network).won).toBe(TCP);
    const patient = pipe(resolveAddrs(), awaitNames(30), defaultFilters(), defaultRanking());
    expect(run(patient, network)).toMatchObject({
      won: '/ip4/1.2.3.9/udp/1/quic-v1',
      afterMs: 70,
      dialed: 1,
    });
  });
});
