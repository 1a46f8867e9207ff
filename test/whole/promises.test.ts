/** Promises of the reliability sheet about whole hosts, where no other test measures them. */
import { lastValueFrom, toArray, type Observable } from 'rxjs';
import {
  generateKey,
  peerIdFrom,
  serve,
  withStream,
  type Host,
  type HostEvent,
  type KeyType,
} from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';

const ECHO = '/echo/1.0.0';
let net: SimulatedNetwork;
let victim: Host;
let honest: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  victim = await net.createHost({ events: { next: (event) => events.push(event) } });
  honest = await net.createHost();
  victim
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
});
const ends = (source: Observable<unknown>): Promise<unknown> =>
  net.runUntil(lastValueFrom(source).catch((error: unknown) => error));

/** Each does its worst for a while; `Host` is the attacker's own. */
const ATTACKS: readonly [string, (attacker: Host) => void][] = [
  [
    'opens streams and never says what for',
    (attacker) => {
      for (let count = 0; count < 200; count += 1)
        attacker.newStream(victim.addrs, '/nobody', { lazy: true }).subscribe({ error: () => undefined });
    },
  ],
  [
    'writes and never reads',
    (attacker) => {
      attacker.newStream(victim.addrs, ECHO, { lazy: true }).subscribe({
        next: (stream) => {
          stream.next(new Uint8Array(4 << 20));
        },
        error: () => undefined,
      });
    },
  ],
  [
    'says nonsense to identify and ping',
    (attacker) => {
      for (const id of ['/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/ipfs/id/1.0.0'])
        for (let count = 0; count < 10; count += 1)
          attacker.newStream(victim.addrs, id, { lazy: true }).subscribe({
            next: (stream) => {
              stream.subscribe({ error: () => undefined });
              stream.next(new Uint8Array(10_000).fill(0xff));
            },
            error: () => undefined,
          });
    },
  ],
  [
    'dials and dials',
    (attacker) => {
      for (let count = 0; count < 50; count += 1)
        attacker.dial(victim.addrs, { force: true }).subscribe({ error: () => undefined });
    },
  ],
];

describe('while one peer', () => {
  it.each(ATTACKS)(
    '%s, P5: an honest one dials, identifies and pings as if nothing were; P1, P13: nothing else ends',
    async (_, attack) => {
      const attacker = await net.createHost({
        services: NO_SERVICES,
        limits: { protocolPeer: { outboundStreams: 1_000, streams: 1_000 } },
      });
      const streams: string[] = [];
      const shared: readonly [string, Observable<unknown>][] = [
        ['connections$', victim.connections$],
        ['peers$', victim.peers$],
        ['event$', victim.event$],
        ['inbound$', victim.inbound$],
      ];
      for (const [name, source] of shared)
        source.subscribe({ error: () => streams.push(name), complete: () => streams.push(name) });
      attack(attacker);
      await net.advance(20);
      const startedAt = net.now();
      await net.runUntil(honest.dial(victim.addrs));
      expect(net.now() - startedAt).toBeLessThanOrEqual(500);
      expect(await ends(honest.services.identify.identify(victim.peerId))).toMatchObject({
        type: 'peer:identify',
      });
      expect(await ends(honest.services.ping.ping(victim.peerId, { count: 1 }))).toBe(10);
      expect(net.now() - startedAt).toBeLessThanOrEqual(500);
      expect(streams).toEqual([]);
      expect(events.filter(({ type }) => type === 'unhandled')).toEqual([]);
      await net.runUntil(attacker.stop());
      await net.advance(1_000);
      // P2: what it took has been given back.
      const { resources } = victim as unknown as {
        resources: { stat(): { peers: object; transient: { memoryBytes: number } } };
      };
      expect(Object.keys(resources.stat().peers)).toEqual([honest.peerId.toString()]);
      expect(resources.stat().transient.memoryBytes).toBe(0);
    },
  );
});

describe('P16: who is at the other end has proven it', () => {
  it.each<KeyType>(['Ed25519', 'secp256k1', 'ECDSA', 'RSA'])(
    'with a key of %s, whether or not its id carries it',
    async (type) => {
      const host = await net.createHost({ privateKey: generateKey(type, { bits: 2048 }) });
      const connection = await net.runUntil(honest.dial(host.addrs));
      expect(connection.remotePeer.equals(host.peerId)).toBe(true);
      expect(connection.remotePeer.publicKey?.type).toBe(type);
      const other = host.addrs.map((addr) =>
        addr.toString().replace(host.peerId.toString(), peerIdFrom(generateKey()).toString()),
      );
      expect(await ends(honest.dial(other, { force: true }))).toMatchObject({
        errors: [{ error: { code: 'ERR_PEER_ID_MISMATCH' } }],
      });
    },
    20_000,
  );
});

describe('P11: every byte or an error', () => {
  const SENT = new Uint8Array(300_000).map((_, at) => at % 251);
  it.each<[string, (from: Host) => void]>([
    [
      'the stream is reset',
      (from) => {
        (from.connections[0]?.streams[0] as { error(reason: Error): void }).error(new Error('enough'));
      },
    ],
    ['the connection is cut off', (from) => from.connections[0]?.abort(new Error('enough'))],
    [
      'the line goes dead',
      (from) => {
        net.link(from, victim, { blackHole: true });
        net.link(victim, from, { blackHole: true });
      },
    ],
  ])('when %s in the middle: a beginning of what was sent, and an error', async (_, break_) => {
    const got: Uint8Array[] = [];
    const how: string[] = [];
    victim.handle('/sink').subscribe((stream) => {
      stream.subscribe({
        next: (chunk) => got.push(chunk.slice()),
        error: () => how.push('error'),
        complete: () => how.push('complete'),
      });
    });
    net.link(honest, victim, { bytesPerSecond: 1_000_000 });
    const stream = await net.runUntil(honest.newStream(victim.addrs, '/sink', { lazy: false }));
    stream.next(SENT);
    stream.complete();
    await net.advance(100);
    break_(honest);
    await net.advance(120_000);
    const bytes = Buffer.concat(got);
    expect(bytes.byteLength).toBeGreaterThan(0);
    expect(bytes.byteLength).toBeLessThan(SENT.byteLength);
    expect(bytes.equals(SENT.subarray(0, bytes.byteLength))).toBe(true);
    expect(how).toEqual(['error']);
  });

  it('and all of them when nothing goes wrong', async () => {
    const echoed = await net.runUntil(
      honest.newStream(victim.addrs, ECHO).pipe(
        withStream((stream) => {
          stream.next(SENT);
          stream.complete();
          return stream;
        }),
        toArray(),
      ),
    );
    expect(Buffer.concat(echoed).equals(Buffer.from(SENT))).toBe(true);
  });
});
