/** The peerstore manager (PS-60 to PS-62): what was learned by talking to a peer goes a minute after it has. */
import type { Host, Stream } from '../../src/index.js';
import { memoryPeerStore } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

const MINUTE_MS = 60_000;
let net: SimulatedNetwork;
let a: Host;
let b: Host;
beforeEach(async () => {
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  [a, b] = [await net.createHost({ listen: [] }), await net.createHost()];
});
const known = (): Record<string, number | boolean> => {
  const { addrs = [], protocols = [], metadata, rttMs } = a.peerStore.get(b.peerId) ?? {};
  const notes = [...(metadata?.keys() ?? [])].filter((key) => key === 'note').length;
  return {
    addrs: addrs.length,
    protocols: protocols.length,
    versions: (metadata?.size ?? 0) - notes,
    notes,
    hasRtt: rttMs !== undefined,
  };
};
/** Connected and identified, pinged, and with a note of the application's own. */
const meet = async (): Promise<void> => {
  await net.runUntil(a.dial(b.addrs));
  await net.runUntil(a.services.ping.ping(b.peerId, { count: 1 }));
  await net.advance(100);
  a.peerStore.setMetadata(b.peerId, 'note', Uint8Array.of(1));
};
const part = async (): Promise<void> => {
  for (const connection of a.connections) connection.abort(new Error('enough'));
  await net.advance(0);
};
const ALL = { addrs: 1, protocols: 3, versions: 2, notes: 1, hasRtt: true };
const FORGOTTEN = { addrs: 1, protocols: 0, versions: 0, notes: 1, hasRtt: false };

it('PS-60, PS-61: a minute after the last connection protocols, versions and time are forgotten; PS-48: addresses and notes are not', async () => {
  await meet();
  await net.advance(10 * MINUTE_MS);
  if (a.connections.length === 0) await meet();
  expect(known()).toEqual(ALL);
  await part();
  await net.advance(MINUTE_MS - 1);
  expect(known()).toEqual(ALL);
  await net.advance(1);
  expect(known()).toEqual(FORGOTTEN);
});

it('PS-60: a peer that is back within the minute is not forgotten, and has a new minute when it goes again', async () => {
  await meet();
  await part();
  await net.advance(MINUTE_MS - 1_000);
  await meet();
  await net.advance(MINUTE_MS);
  expect(known()).toEqual(ALL);
  await part();
  await net.advance(MINUTE_MS - 1);
  expect(known()).toEqual(ALL);
  await net.advance(1);
  expect(known()).toEqual(FORGOTTEN);
});

it('PS-60: one of two connections that is left is enough', async () => {
  await meet();
  await net.runUntil(a.dial(b.addrs, { force: true }));
  a.connections[0]!.abort(new Error('enough'));
  await net.advance(MINUTE_MS);
  expect(known()).toEqual({ ...ALL, addrs: 1 });
});

it('PS-62: who has gone before the stop is forgotten with it, and who was there until then is not', async () => {
  const peerStore = memoryPeerStore();
  const c = await net.createHost({ listen: [], peerStore });
  const other = await net.createHost();
  for (const { addrs } of [b, other]) await net.runUntil(c.dial(addrs));
  await net.advance(100);
  c.connections.find(({ remotePeer }) => remotePeer.equals(b.peerId))!.abort(new Error('enough'));
  await net.advance(1_000);
  const protocolsOf = ({ peerId }: Host): number => peerStore.get(peerId)?.protocols.length ?? 0;
  expect([protocolsOf(b), protocolsOf(other)]).toEqual([3, 3]);
  await net.runUntil(c.stop());
  expect([protocolsOf(b), protocolsOf(other)]).toEqual([0, 3]);
});

it('PS-61: a peer that was forgotten is asked anew, and streams to it open as before', async () => {
  const handled: Stream[] = [];
  b.handle('/x').subscribe((stream) => handled.push(stream));
  await meet();
  await part();
  await net.advance(MINUTE_MS);
  await net.runUntil(a.newStream(b.peerId, '/x'));
  await net.advance(100);
  expect(handled).toHaveLength(1);
  expect(a.peerStore.get(b.peerId)?.protocols).toContain('/x');
});
