/** Lines of the reliability checklist about what is said, stored and configured (5.7, 5.8, 5.17, 5.18), where no other test has them. */
import { MemoryDatastore } from 'datastore-core';
import { toArray } from 'rxjs';
import {
  createHost,
  memory,
  type Connection,
  type Host,
  type HostEvent,
  type Stream,
} from '../../src/index.js';
import type { Bytes } from '../../src/core/duplex.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { openPeerRecord, PEER_RECORD, sealPeerRecord, encodePeerRecord } from '../../src/core/peer-record.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { sealEnvelope } from '../../src/core/signed-envelope.js';
import { encodeVarint } from '../../src/core/varint.js';
import { loadOrCreateKey } from '../../src/datastore.js';
import { createMemoryNetwork } from '../../src/memory.js';
import type { HostPeerStore } from '../../src/core/peer-store-contract.js';
import {
  encodeIdentify,
  IDENTIFY,
  IDENTIFY_PUSH,
  NO_MESSAGE,
  type IdentifyMessage,
} from '../../src/protocols/identify/identify-message.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';
import { addr, peer, recordOf, storeInTime } from '../support/peer-store.js';
import { at, wilds } from '../support/wilds.js';

const RELAY = '/ip4/5.6.7.8/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N/p2p-circuit';
let net: SimulatedNetwork;
let a: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  a = await net.createHost({ events: { next: (event) => events.push(event) } });
});
const say = (stream: Stream, message: Partial<IdentifyMessage>): void => {
  const bytes = encodeIdentify({ ...NO_MESSAGE, ...message });
  stream.next(encodeVarint(bytes.byteLength));
  stream.next(bytes);
  stream.close();
};
/** Somebody who says this of itself, connected to. */
async function meet(
  message: (key: ReturnType<typeof generateKey>) => Partial<IdentifyMessage>,
): Promise<Host> {
  const privateKey = generateKey('Ed25519');
  const host = await net.createHost({ privateKey, services: NO_SERVICES });
  host.handle(IDENTIFY).subscribe((stream) => {
    say(stream, message(privateKey));
  });
  await net.runUntil(a.dial(host.addrs));
  await net.advance(100);
  return host;
}
const known = (host: Host): { addr: string; certified: boolean }[] =>
  (a.peerStore.get(host.peerId)?.addrs ?? []).map(({ addr: known, certified }) => ({
    addr: String(known),
    certified,
  }));
const ADDR = parseMultiaddr('/ip4/9.9.9.9/tcp/9');

describe('a signed record', () => {
  const record = (key: ReturnType<typeof generateKey>): Bytes =>
    encodePeerRecord({ peerId: peerIdFrom(key), seq: 1n, addrs: [ADDR] });
  it.each<[string, (key: ReturnType<typeof generateKey>) => Bytes]>([
    [
      'E1: of another domain',
      (key) => sealEnvelope({ ...PEER_RECORD, domain: 'libp2p-relay-rsvp' }, record(key), key),
    ],
    [
      'E2: of another type',
      (key) => sealEnvelope({ ...PEER_RECORD, payloadType: Uint8Array.of(3, 2) }, record(key), key),
    ],
    ['E3, E4: of another peer', () => sealPeerRecord({ seq: 1n, addrs: [ADDR] }, generateKey())],
  ])('%s is not believed, and nothing of it is stored; the connection stays', async (_, envelope) => {
    const host = await meet((key) => ({ protocols: ['/x'], signedPeerRecord: envelope(key) }));
    expect(known(host).filter(({ addr: text, certified }) => certified || text === ADDR.toString())).toEqual(
      [],
    );
    expect(a.connections).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'unhandled')).toEqual([]);
  });

  it('O7: of this host itself, said by another, changes nothing of what the host knows of itself', async () => {
    // Whoever asks makes it sign.
    await net.runUntil((await net.createHost()).dial(a.addrs));
    await net.advance(100);
    const own = a.peerStore as HostPeerStore;
    const before = own.get(a.peerId);
    const mine = own.recordOf(a.peerId) as Bytes;
    expect(openPeerRecord(mine).peerId.equals(a.peerId)).toBe(true);
    const host = await meet(() => ({
      protocols: ['/y'],
      signedPeerRecord: mine,
      listenAddrs: [parseMultiaddr(`/ip4/9.9.9.9/tcp/9/p2p/${a.peerId.toString()}`).bytes],
    }));
    expect(own.get(a.peerId)).toBe(before);
    expect(known(host).map(({ addr: text }) => text)).not.toContain(ADDR.toString());
  });
});

describe('identify', () => {
  it('I15: a push of a peer behind a relay with limits is applied', async () => {
    const world = wilds({ latencyMs: 5 });
    const one = await world.createHost({ services: {} });
    const two = await world.createHost();
    world.set({ [RELAY]: { leadsTo: two, relayed: { limited: true } } });
    const connection = (await world.end(one.dial(at(RELAY, two)))) as Connection;
    await world.net.advance(100);
    const pushing = await world.net.runUntil(two.newStream(one.peerId, IDENTIFY_PUSH, { lazy: false }));
    say(pushing, { protocols: ['/pushed'] });
    await world.net.advance(100);
    expect(connection.limited).toBe(true);
    expect(one.peerStore.get(two.peerId)?.protocols).toEqual(['/pushed']);
  });

  it('I7: what peers say that they see of this host is told, and not published', async () => {
    await meet(() => ({ protocols: ['/x'], observedAddr: parseMultiaddr('/memory/99').bytes }));
    expect(a.addrs.map(String)).toEqual([`/memory/1/p2p/${a.peerId.toString()}`]);
  });
});

describe('what is stored', () => {
  it('O3: by two at once of one peer is in the store, each of it', () => {
    const { store } = storeInTime();
    store.change$.subscribe(() => {
      // The second writes in the middle of what the first is told.
      if (store.get(peer('a'))?.metadata.size === 0) store.setMetadata(peer('a'), 'second', Uint8Array.of(2));
    });
    store.addAddrs(peer('a'), [addr(1)], 1_000);
    store.setProtocols(peer('a'), ['/x']);
    const { addrs, protocols, metadata } = store.get(peer('a'))!;
    expect([addrs.length, protocols, [...metadata.keys()]]).toEqual([1, ['/x'], ['second']]);
  });

  it('O6, P21: a clock that jumps expires what is due, once, and nothing for ever', () => {
    const { store, pass } = storeInTime();
    store.addAddrs(peer('a'), [addr(1)], 60_000);
    store.addAddrs(peer('b'), [addr(2)], 7_200_000);
    store.consumeRecord(recordOf('c', 1n, [addr(3)]), Infinity);
    const changes: string[] = [];
    store.change$.subscribe(({ type }) => changes.push(type));
    pass(3_600_000);
    expect(store.peers.map(String).sort()).toEqual([peer('b'), peer('c')].map(String).sort());
    expect(changes).toEqual(['remove']);
  });
});

describe('what is configured', () => {
  it('J2: a key that is not there is made once, and is the same from then on', async () => {
    const datastore = new MemoryDatastore();
    const first = await loadOrCreateKey(datastore);
    expect((await loadOrCreateKey(datastore)).publicKey.equals(first.publicKey)).toBe(true);
  });

  it('J5: a listen address that is none, is taken or is not this host’s costs only itself', async () => {
    const told: HostEvent[] = [];
    const network = createMemoryNetwork();
    await using first = await createHost({ transports: [memory({ network })], listen: ['/memory/7'] });
    await using host = await createHost({
      transports: [memory({ network })],
      listen: ['nonsense', '/memory/7', '/ip4/127.0.0.1/tcp/0', '/memory/8'],
      events: { next: (event) => told.push(event) },
    });
    expect([first, host].map(({ addrs }) => addrs.length)).toEqual([1, 1]);
    const failed = told.flatMap((event) =>
      event.type === 'listen:error' ? [[event.requested, event.code]] : [],
    );
    expect(failed).toEqual(
      expect.arrayContaining([
        ['nonsense', 'ERR_INVALID_MULTIADDR'],
        ['/memory/7', 'ERR_LISTEN_FAILED'],
        ['/ip4/127.0.0.1/tcp/0', 'ERR_ADDR_UNSUPPORTED'],
      ]),
    );
  });
});

it('I17: what this host has too much to say of itself is cut, and is sent', async () => {
  a.handle(
    Array.from({ length: 2_000 }, (_, at) => `/a/protocol/with/a/name/of/some/length/${String(at)}`),
  ).subscribe();
  const asking = await net.createHost({ services: NO_SERVICES });
  const stream = await net.runUntil(asking.newStream(a.addrs, IDENTIFY, { lazy: false }));
  const said = await net.runUntil(stream.pipe(toArray()));
  const bytes = said.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(2 * 8 * 1024);
});
