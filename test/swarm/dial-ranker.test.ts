import fc from 'fast-check';
import type { PlannedDial } from '../../src/core/dial-contract.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { rankHappyEyeballs, rankNoDelay, rankRelays } from '../../src/swarm/dial-ranker.js';
import { listed, PEER } from '../support/dial-plan.js';

const WORDS: Readonly<Record<string, string>> = {
  '{6}': '/ip6/2001:4860::1',
  '{4}': '/ip4/1.2.3.4',
  '{lan}': '/ip4/192.168.1.5',
  '{relay}': `/p2p/${PEER}/p2p-circuit`,
};
const addr = (text: string): string => text.replace(/\{\w+\}/g, (word) => WORDS[word] ?? word);
const unranked = (texts: readonly string[]): PlannedDial[] =>
  texts.map((text) => ({ addr: parseMultiaddr(addr(text)), delayMs: 0 }));
const rank = (dials: readonly PlannedDial[]): readonly PlannedDial[] => rankRelays(rankHappyEyeballs(dials));

type Table = Readonly<Record<string, readonly (readonly [addr: string, delayMs: number])[]>>;

/** The rows of the sheet, in the order of the output. */
const ROWS: Table = {
  'RANK-30: QUIC before WebTransport before TCP, the IPv4 one right behind the IPv6 one': [
    ['{6}/udp/1/quic-v1', 0],
    ['{4}/udp/1/quic-v1', 250],
    ['{4}/udp/1/quic-v1/webtransport', 500],
    ['{4}/tcp/1', 750],
  ],
  'RANK-31: all kinds at once, low ports first': [
    ['{6}/udp/4/quic-v1', 0],
    ['{4}/udp/3/quic-v1', 250],
    ['{6}/udp/9/quic-v1', 500],
    ['{4}/udp/7/quic-v1', 500],
    ['{6}/tcp/20', 750],
    ['{4}/tcp/10', 1000],
    ['{4}/tcp/11', 1250],
    ['{4}/udp/5/webrtc-direct', 2250],
  ],
  'RANK-32: without a pair of families, the third goes with the second': [
    ['{4}/udp/1/quic-v1', 0],
    ['{4}/udp/2/quic-v1', 250],
    ['{4}/udp/3/quic-v1', 250],
  ],
  'RANK-33: private, public and relayed addresses race on their own': [
    ['{lan}/udp/4001/quic-v1', 0],
    ['{lan}/tcp/4001', 30],
    ['{4}/udp/4001/quic-v1', 0],
    ['{4}/tcp/4001', 250],
    ['/ip4/5.6.7.8/udp/9/quic-v1{relay}', 500],
    ['/ip4/5.6.7.8/tcp/9{relay}', 750],
  ],
  'RANK-34: beside private addresses only, relays are not delayed': [
    ['{lan}/tcp/4001', 0],
    ['/ip4/5.6.7.8/udp/9/quic-v1{relay}', 0],
    ['/ip4/5.6.7.8/tcp/9{relay}', 250],
  ],
  'RANK-35: WebSocket is TCP, and the lowest IPv4 port goes second': [
    ['{6}/tcp/4001', 0],
    ['{4}/tcp/443/ws', 250],
    ['{4}/tcp/4001', 500],
    ['{4}/tcp/4002', 500],
  ],
  'RANK-36: the steps are short in private networks': [
    ['/ip6/fd00::1/udp/4001/quic-v1', 0],
    ['/ip4/10.0.0.1/udp/4001/quic-v1', 30],
    ['/ip6/fd00::1/tcp/4001', 60],
    ['/ip4/10.0.0.1/tcp/4001', 90],
    ['/ip4/10.0.0.1/udp/4001/webrtc-direct', 190],
  ],
  'RANK-37: WebRTC alone waits a second, though there is nothing to wait for': [
    ['{4}/udp/4001/webrtc-direct', 1000],
  ],
  'RANK-38: WebTransport counts as QUIC': [
    ['{6}/udp/1/quic-v1/webtransport', 0],
    ['{4}/udp/1/quic-v1/webtransport', 250],
    ['{6}/tcp/1', 500],
  ],
  'RANK-39: a name waits a second more than the last in the list, not than the latest': [
    ['/ip4/10.0.0.1/udp/4001/webrtc-direct', 100],
    ['{4}/tcp/4001', 0],
    ['/dns4/example.com/tcp/443/wss', 1000],
  ],
  'RANK-40: and without a public address, than the last private one': [
    ['/ip4/10.0.0.1/udp/4001/webrtc-direct', 100],
    ['/dns4/example.com/tcp/443/wss', 1100],
  ],
  'RANK-41: a name alone': [['/dns4/example.com/tcp/443/wss', 1000]],
  'RANK-42: relays race by the way to them': [
    ['{4}/tcp/1', 0],
    ['/ip6/2001:4860::2/tcp/9{relay}', 500],
    ['/ip4/5.6.7.8/tcp/9{relay}', 750],
  ],
  'RANK-43: a name comes a second behind the delayed relay': [
    ['/ip4/192.168.0.2/tcp/1', 0],
    ['{4}/udp/1/quic-v1', 0],
    ['/ip4/5.6.7.8/tcp/9{relay}', 500],
    ['/dns4/a.example/tcp/443/wss', 1500],
  ],
  'RANK-3: localhost is private, as are zoned and carrier-grade addresses': [
    ['/dns4/localhost/tcp/2', 0],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/3', 30],
    ['/ip4/100.64.0.1/tcp/1', 30],
  ],
  'RANK-3: what cannot be routed counts as public': [
    ['/ip4/192.0.2.1/tcp/1', 0],
    ['/ip4/5.6.7.8/tcp/9{relay}', 500],
  ],
  'RANK-3: a relay in a private network is a relay': [
    ['{lan}/tcp/1', 0],
    ['{4}/tcp/1', 0],
    ['/ip4/192.168.1.9/tcp/9{relay}', 500],
  ],
  'RANK-7: draft-29 goes after QUIC v1 of any port, unknown things after WebRTC': [
    ['{6}/udp/60000/quic-v1', 0],
    ['{6}/udp/1/quic', 250],
    ['{4}/udp/1/webrtc-direct', 1250],
    ['{4}/udp/1', 1250],
  ],
  'RANK-14: a relay is ranked by the way to it, not by the way behind it': [
    ['/ip4/5.6.7.8/tcp/9{relay}', 0],
    ['/ip4/5.6.7.9/tcp/9{relay}/ip4/10.0.0.1/udp/1/quic-v1', 250],
    ['{relay}', 1250],
  ],
};

/** Any order; seeded, so that a failure repeats. */
const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  fc.sample(fc.shuffledSubarray([...items], { minLength: items.length }), { numRuns: 1, seed })[0]!;

describe('ranking for happy eyeballs and relays', () => {
  it.each(Object.entries(ROWS))('%s', (_, rows) => {
    const wanted = rows.map(([text, delayMs]) => `${addr(text)} ${String(delayMs)}`);
    for (const seed of [1, 2, 3])
      expect(listed(rank(unranked(shuffled(rows, seed).map(([text]) => text))))).toEqual(wanted);
  });

  it('takes its steps from the options', () => {
    const dials = unranked([
      '{lan}/udp/1/quic-v1',
      '{lan}/tcp/1',
      '{4}/udp/1/quic-v1',
      '{4}/tcp/1',
      '/ip4/5.6.7.8/tcp/9{relay}',
      '/ip4/5.6.7.8/tcp/10{relay}',
    ]);
    const ranked = rankRelays(rankHappyEyeballs(dials, { publicMs: 100, privateMs: 5 }), { byMs: 1000 });
    expect(ranked.map(({ delayMs }) => delayMs)).toEqual([0, 5, 0, 100, 1000, 1100]);
  });

  it('replaces delays where it ranks, and adds where it delays relays', () => {
    const late = unranked(['{4}/tcp/1', '/ip4/5.6.7.8/tcp/9{relay}']).map((dial) => ({
      ...dial,
      delayMs: 7,
    }));
    expect(rankHappyEyeballs(late).map(({ delayMs }) => delayMs)).toEqual([0, 0]);
    expect(rankRelays(late).map(({ delayMs }) => delayMs)).toEqual([7, 507]);
  });

  it('delays names only where they come behind a relay', () => {
    const dials = unranked(['{4}/tcp/1', '/dns4/a.example/tcp/443/wss']);
    expect(rankRelays(dials)).toEqual(dials);
  });

  it('has nothing to say about nothing', () => {
    expect([rankHappyEyeballs([]), rankRelays([]), rankNoDelay([])]).toEqual([[], [], []]);
  });
});

describe('ranking without delays', () => {
  it('RANK-1: orders all as one group, and starts them together', () => {
    const order = [
      '{6}/udp/1/quic-v1',
      '{lan}/udp/1/quic-v1',
      '{4}/udp/2/quic-v1',
      '{4}/udp/1/quic-v1/webtransport',
      '{6}/tcp/1',
      '{4}/tcp/1',
      // A name has no family that weighs.
      '/dns4/a.example/tcp/443/wss',
      '{4}/tcp/2',
      '/ip4/5.6.7.8/tcp/9{relay}',
    ];
    expect(listed(rankNoDelay(unranked(shuffled(order, 1))))).toEqual(order.map((text) => `${addr(text)} 0`));
  });
});

describe('any list of addresses', () => {
  const anyAddr = fc
    .tuple(
      fc.constantFrom(
        '/ip4/1.2.3.4',
        '/ip4/9.9.9.9',
        '/ip4/10.0.0.1',
        '/ip6/2001:4860::1',
        '/ip6/fd00::1',
        '/dns4/a.example',
      ),
      fc.constantFrom(
        'udp/{}/quic-v1',
        'udp/{}/quic-v1/webtransport',
        'udp/{}/quic',
        'tcp/{}',
        'tcp/{}/ws',
        'udp/{}/webrtc-direct',
      ),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('', '', `/p2p/${PEER}/p2p-circuit`),
    )
    .map(([host, rest, port, relay]) => `${host}/${rest.replace('{}', String(port))}${relay}`);
  const twice = fc
    .array(anyAddr, { maxLength: 30 })
    .chain((texts) =>
      fc.tuple(
        fc.constant(texts),
        fc.shuffledSubarray(texts, { minLength: texts.length, maxLength: texts.length }),
      ),
    );

  it.each([
    ['by happy eyeballs', rank],
    ['without delays', rankNoDelay],
  ])('is ranked %s the same from any order, with every address as often as it came', (_, ranking) => {
    fc.assert(
      fc.property(twice, ([texts, others]) => {
        const ranked = listed(ranking(unranked(texts)));
        expect(listed(ranking(unranked(others)))).toEqual(ranked);
        expect(ranked.map((line) => line.split(' ')[0]).sort()).toEqual([...texts].sort());
      }),
    );
  });

  it('gets delays that are never negative, and within a group never fall', () => {
    fc.assert(
      fc.property(fc.array(anyAddr, { maxLength: 30 }), (texts) => {
        const direct = texts.filter((text) => !text.includes('circuit') && text.includes('/ip4/1.2.3.4'));
        const delays = rank(unranked(direct)).map(({ delayMs }) => delayMs);
        expect(delays).toEqual([...delays].sort((a, b) => a - b));
        expect(delays.every((delayMs) => delayMs >= 0)).toBe(true);
      }),
    );
  });
});
