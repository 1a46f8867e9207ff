import fc from 'fast-check';
import { toPrune, toPruneNow, type PeerStanding } from '../../src/swarm/prune-order.js';

const NOW = 1_000_000;
const MARKS = { low: 2, high: 4, graceMs: 1_000 };

interface Peer extends PeerStanding {
  readonly name: string;
}
type Link = PeerStanding['connections'] extends Iterable<infer L> ? L : never;
const to = (streamCount = 0): Link => ({ direction: 'outbound', streamCount });
const from = (streamCount = 0): Link => ({ direction: 'inbound', streamCount });
const peer = (name: string, change: Partial<Peer> = {}): Peer => ({
  name,
  value: 0,
  isTemporary: false,
  isProtected: false,
  firstSeenAt: 0,
  connections: [to()],
  ...change,
});
const many = (count: number, change: Partial<Peer> = {}): Peer[] =>
  Array.from({ length: count }, (_, at) => peer(`p${String(at)}`, change));
const names = (peers: readonly Peer[]): string => peers.map(({ name }) => name).join(' ');

describe('[CM-12, CM-16] how many are pruned', () => {
  it.each<[string, Peer[], typeof MARKS, number]>([
    ['none where low is 0', many(9), { ...MARKS, low: 0 }, 0],
    ['none where high is 0', many(9), { ...MARKS, high: 0 }, 0],
    ['none at the low mark', many(2), MARKS, 0],
    ['one above the low mark, although the high one is not reached', many(3), MARKS, 1],
    ['down to the low mark', many(9), MARKS, 7],
    ['none of those who are protected', [...many(9, { isProtected: true }), ...many(3)], MARKS, 1],
    [
      'none while those who may go are fewer than the low mark: 20, 5 of them protected, low 19',
      [...many(15), ...many(5, { isProtected: true })],
      { low: 19, high: 20, graceMs: 0 },
      0,
    ],
    ['none within their grace', many(9, { firstSeenAt: NOW - 999 }), MARKS, 0],
    ['all from the end of their grace on', many(9, { firstSeenAt: NOW - 1_000 }), MARKS, 7],
    ['a peer whole, so more than the excess', many(2, { connections: [to(), to(), to()] }), MARKS, 2],
  ])('%s', (_, peers, marks, count) => {
    expect(toPrune(peers, marks, NOW)).toHaveLength(count);
  });

  it('a temporary one goes first, and is no connection less', () => {
    const peers = [...many(3), peer('tagged', { isTemporary: true, connections: [], value: 9 })];
    expect(names(toPrune(peers, MARKS, NOW))).toBe('tagged p0');
  });
});

/** The first of each pair goes before the second. */
const ORDER: readonly [string, Partial<Peer>, Partial<Peer>][] = [
  ['temporary', { isTemporary: true, value: 9 }, { value: 1 }],
  ['of lower value', { value: -1, connections: [to(5)] }, { value: 0 }],
  ['of lower value, although it is busier', { value: 1, connections: [to(9)] }, { value: 2 }],
  ['without streams, although it was dialed', { connections: [to(0)] }, { connections: [from(1)] }],
  ['inbound', { connections: [from()] }, { connections: [to()] }],
  ['with one inbound connection of two', { connections: [to(1), from(1)] }, { connections: [to(2)] }],
  ['inbound, although it is busier', { connections: [from(3)] }, { connections: [to(2)] }],
];

describe('[CM-13] who goes first', () => {
  const calm = (peers: Peer[]): string => names(toPrune(peers, { ...MARKS, low: 1 }, NOW));
  const urgent = (peers: Peer[]): string => names(toPruneNow(peers, 1));

  it.each(ORDER)('the one %s', (_, first, second) => {
    const [a, b] = [peer('a', first), peer('b', second)];
    const others = many(1, { value: 100 });
    for (const order of [
      [b, a, ...others],
      [a, b, ...others],
    ]) {
      expect(calm(order)).toMatch(/^a/);
      expect(urgent(order)).toMatch(/^a/);
    }
  });

  it('the one with fewer streams; in an emergency the one with more [CM-15]', () => {
    const [a, b] = [peer('a', { connections: [to(1)] }), peer('b', { connections: [to(2)] })];
    expect(calm([b, a])).toBe('a');
    expect(urgent([a, b])).toBe('b');
  });

  it('the older of two that are equal', () => {
    expect(calm([peer('old'), peer('new')])).toBe('old');
  });
});

describe('[CM-15] where memory runs out', () => {
  it.each<[string, Peer[], string]>([
    ['nobody goes at the low mark', many(2), ''],
    ['grace does not count', many(3, { firstSeenAt: NOW }), 'p0'],
    ['protected ones stay while the others suffice', [peer('safe', { isProtected: true }), ...many(2)], 'p0'],
    [
      'protected ones go last, the least worth first',
      [
        peer('dear', { isProtected: true, value: 5 }),
        peer('x', { value: 9 }),
        peer('safe', { isProtected: true, value: 1 }),
        peer('safer', { isProtected: true, value: 2 }),
      ],
      'x safe',
    ],
  ])('%s', (_, peers, expected) => {
    expect(names(toPruneNow(peers, 2))).toBe(expected);
  });
});

const anyPeer = fc.record({
  name: fc.string(),
  value: fc.integer({ min: -5, max: 5 }),
  isTemporary: fc.boolean(),
  isProtected: fc.boolean(),
  firstSeenAt: fc.integer({ min: 0, max: NOW }),
  connections: fc.array(
    fc.record({
      direction: fc.constantFrom('inbound' as const, 'outbound' as const),
      streamCount: fc.nat({ max: 3 }),
    }),
    { maxLength: 3 },
  ),
});
const size = (peers: readonly Peer[]): number =>
  peers.reduce((sum, each) => sum + [...each.connections].length, 0);

it('[CM-12] never prunes what is protected or new, and never below the low mark but by the last peer', () => {
  fc.assert(
    fc.property(fc.array(anyPeer, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (peers, low) => {
      const pruned = toPrune(peers, { low, high: low, graceMs: 500_000 }, NOW);
      expect(pruned.some(({ isProtected, firstSeenAt }) => isProtected || NOW - firstSeenAt < 500_000)).toBe(
        false,
      );
      expect(size(peers) - size(pruned) + size(pruned.slice(-1))).toBeGreaterThanOrEqual(
        low > size(peers) ? size(peers) : low,
      );
    }),
  );
});
