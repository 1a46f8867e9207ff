import {
  acceptableConnection,
  bestConnection,
  connectedness,
  type Rated,
} from '../../src/swarm/best-connection.js';
import { ConnectionRegistry } from '../../src/swarm/registry.js';
import { EventLog } from '../../src/swarm/event-log.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { HostConnection } from '../../src/connection/connection.js';

interface Named extends Rated {
  readonly name: string;
}
const rated = (name: string, facts: Partial<Rated> = {}): Named => ({
  name,
  isClosed: false,
  limited: false,
  direct: true,
  streamCount: 0,
  ...facts,
});
const RELAYED = { direct: false };
const LIMITED = { direct: false, limited: true };
const CLOSED = { isClosed: true };

it.each<[string, Named[], string | undefined]>([
  ['none', [], undefined],
  ['none that is open', [rated('a', CLOSED), rated('b', CLOSED)], undefined],
  [
    'the open one, though the closed has streams',
    [rated('a'), rated('b', { ...CLOSED, streamCount: 9 })],
    'a',
  ],
  ['the open one behind closed ones', [rated('a', CLOSED), rated('b', LIMITED)], 'b'],
  ['(4) the newer of two alike', [rated('a'), rated('b'), rated('c')], 'c'],
  [
    '(3) the one with more streams, though older',
    [rated('a', { streamCount: 2 }), rated('b', { streamCount: 1 })],
    'a',
  ],
  [
    '(3) the one with more streams, if newer',
    [rated('a', { streamCount: 1 }), rated('b', { streamCount: 2 })],
    'b',
  ],
  ['(4) the newer of as many streams', [rated('a', { streamCount: 2 }), rated('b', { streamCount: 2 })], 'b'],
  [
    '(2) the direct one, though older and idle',
    [rated('a'), rated('b', { ...RELAYED, streamCount: 9 })],
    'a',
  ],
  ['(2) the direct one, if newer and idle', [rated('a', { ...RELAYED, streamCount: 9 }), rated('b')], 'b'],
  [
    '(1) the unlimited one, though relayed, older and idle',
    [rated('a', RELAYED), rated('b', { ...LIMITED, streamCount: 9 })],
    'a',
  ],
  ['(1) the unlimited one, if newer', [rated('a', { ...LIMITED, streamCount: 9 }), rated('b', RELAYED)], 'b'],
  // No transport makes such a one; the order of the rules says so all the same.
  ['(1) before (2)', [rated('a', { limited: true, direct: true }), rated('b', RELAYED)], 'b'],
  [
    'the best of many',
    [
      rated('a', LIMITED),
      rated('b', { streamCount: 3 }),
      rated('c'),
      rated('d', { streamCount: 3 }),
      rated('e', RELAYED),
    ],
    'd',
  ],
])('CONN-43: of a list, %s', (_, list, expected) => {
  expect(bestConnection(list)?.name).toBe(expected);
});

it.each<[string, Named[], string | undefined]>([
  ['a direct one', [rated('a'), rated('b', RELAYED)], 'a'],
  ['nothing, if the best is relayed', [rated('a', RELAYED), rated('b', LIMITED)], undefined],
  ['nothing, if the direct one is closed', [rated('a', CLOSED), rated('b', RELAYED)], undefined],
  ['nothing of nothing', [], undefined],
])('CONN-44: with forceDirect, %s', (_, list, expected) => {
  expect(acceptableConnection(list, { forceDirect: true })?.name).toBe(expected);
  for (const options of [undefined, {}, { forceDirect: false }, { forceDirect: undefined }])
    expect(acceptableConnection(list, options)).toBe(bestConnection(list));
});

it.each<['connected' | 'limited' | 'none', string, Named[]]>([
  ['none', 'no connection', []],
  ['none', 'closed ones', [rated('a', CLOSED), rated('b', { ...LIMITED, ...CLOSED })]],
  ['limited', 'limited ones', [rated('a', LIMITED), rated('b', LIMITED)]],
  ['limited', 'a limited one beside a closed one', [rated('a', LIMITED), rated('b', CLOSED)]],
  ['connected', 'a relayed one without limits (CONN-41)', [rated('a', RELAYED)]],
  [
    'connected',
    'one that is not limited among others',
    [rated('a', LIMITED), rated('b'), rated('c', LIMITED)],
  ],
])('CONN-40: %s with %s', (expected, _, list) => {
  expect(connectedness(list)).toBe(expected);
});

describe('ConnectionRegistry', () => {
  const peer = peerIdFrom('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5');
  const stranger = peerIdFrom('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N');
  // As much of a connection as a registry looks at.
  const connection = (name: string, facts: Partial<Rated> = {}): HostConnection =>
    ({
      ...rated(name, facts),
      id: name,
      remotePeer: peer,
      remoteAddr: parseMultiaddr('/ip4/1.2.3.4/tcp/1'),
    }) as unknown as HostConnection;

  it('CONN-43, CONN-44: answers for a peer, with the one that was added last as the newest', () => {
    const registry = new ConnectionRegistry(new EventLog(new VirtualClock(), () => undefined));
    const [relayed, direct] = [connection('relayed', RELAYED), connection('direct')];
    expect(registry.best(peer)).toBeUndefined();
    registry.add(relayed);
    expect([registry.best(peer), registry.best(peer, { forceDirect: true })]).toEqual([relayed, undefined]);
    registry.add(direct);
    expect(registry.best(peer, { forceDirect: true })).toBe(direct);
    const newer = connection('newer');
    registry.add(newer);
    expect([registry.best(peer), registry.best(stranger)]).toEqual([newer, undefined]);
  });
});
