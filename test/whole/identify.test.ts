import { jest } from '@jest/globals';
import { firstValueFrom, lastValueFrom, map, tap, toArray } from 'rxjs';
import { concatBytes } from '../../src/core/bytes.js';
import { TimeoutError } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr, splitPeer } from '../../src/core/multiaddr.js';
import { openPeerRecord } from '../../src/core/peer-record.js';
import { encodeVarint } from '../../src/core/varint.js';
import { crypto } from '../../src/crypto/crypto.js';
import type { HostPeerStore } from '../../src/core/peer-store-contract.js';
import {
  ofType,
  serve,
  StreamResetError,
  type Host,
  type HostEvent,
  type HostOptions,
  type NoServices,
  type Stream,
} from '../../src/index.js';
import {
  encodeIdentify,
  IDENTIFY,
  IDENTIFY_PUSH,
  NO_MESSAGE,
  type IdentifyMessage,
} from '../../src/protocols/identify/identify-message.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';
import { NO_SERVICES } from '../support/no-services.js';
import { wilds } from '../support/wilds.js';

const LATENCY_MS = 100;
const RTT_MS = 2 * LATENCY_MS;
const STANDARD = [IDENTIFY, IDENTIFY_PUSH, '/ipfs/ping/1.0.0'];
type Event<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>;

let net: SimulatedNetwork;
let a: Host;
let b: Host;
let events: HostEvent[];
const told = <T extends HostEvent['type']>(type: T): Event<T>[] =>
  events.filter((event): event is Event<T> => event.type === type);
const observed = (options: HostOptions<NoServices> = {}): Promise<Host> =>
  net.createHost({ ...options, events: { next: (event) => events.push(event) } });
const echo = (host: Host, id: string): void => {
  host
    .handle(id)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
};
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
  [a, b] = [await observed(), await net.createHost()];
});

describe('a new connection', () => {
  it('ID-3: has both sides ask at once, and both know each other one round trip later', async () => {
    echo(b, '/echo');
    const connection = await net.runUntil(a.dial(b.addrs));
    const at = net.now();
    await net.advance(RTT_MS);
    expect(told('peer:identify')).toMatchObject([
      {
        at: at + RTT_MS,
        peer: b.peerId.toString(),
        connectionId: connection.id,
        agent: 'rx-libp2p/0.1.0',
        protocols: ['/echo', ...STANDARD].sort(),
        listenAddrs: ['/memory/2'],
      },
    ]);
    expect(told('peer:identify')[0]?.connection).toBe(connection);
    const known = a.peerStore.get(b.peerId);
    expect(known?.protocols).toEqual(['/echo', ...STANDARD].sort());
    expect(known?.addrs).toMatchObject([{ certified: true, expiresAt: Infinity }]);
    expect(new TextDecoder().decode(known?.metadata.get('AgentVersion'))).toBe('rx-libp2p/0.1.0');
    expect(new TextDecoder().decode(known?.metadata.get('ProtocolVersion'))).toBe('ipfs/0.1.0');
    // They have had a connection half a round trip later than we.
    await net.advance(LATENCY_MS);
    expect(b.peerStore.get(a.peerId)?.protocols).toEqual(STANDARD);
    expect(b.peerStore.get(a.peerId)?.addrs.map(({ addr }) => addr.toString())).toEqual(['/memory/1']);
    await net.advance(RTT_MS);
    expect([a.connections[0]?.streams, b.connections[0]?.streams]).toEqual([[], []]);
  });

  it('ID-19: tells what it was told to tell', async () => {
    const c = await net.createHost({ userAgent: 'mine/2', protocolVersion: 'mine' });
    await net.runUntil(a.dial(c.addrs));
    await net.advance(RTT_MS);
    expect(told('peer:identify')[0]?.agent).toBe('mine/2');
    expect(new TextDecoder().decode(a.peerStore.get(c.peerId)?.metadata.get('ProtocolVersion'))).toBe('mine');
  });

  it('ID-6: tells of many protocols in two parts, with every address signed', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `/a/protocol/with/a/name/${String(i)}`);
    b.handle(names).subscribe();
    await net.runUntil(a.dial(b.addrs));
    await net.advance(RTT_MS);
    expect(a.peerStore.get(b.peerId)?.protocols).toHaveLength(103);
    expect(a.peerStore.get(b.peerId)?.addrs).toMatchObject([{ certified: true }]);
  });

  it('ADDR-6, ADDR-7: tells of addresses that are signed, and its own store has them; the record is made anew with them', async () => {
    const own = a.peerStore as HostPeerStore;
    await net.runUntil(a.dial(b.addrs));
    await net.advance(RTT_MS);
    const first = openPeerRecord(own.recordOf(a.peerId)!);
    expect(first.addrs.map(String)).toEqual(['/memory/1']);
    expect(own.get(a.peerId)?.addrs).toMatchObject([{ certified: true, expiresAt: Infinity }]);
    const listening = a.listen('/memory/77').subscribe();
    await net.advance(1000);
    const second = openPeerRecord(own.recordOf(a.peerId)!);
    expect(second.addrs.map(String)).toEqual(['/memory/1', '/memory/77']);
    expect(second.seq > first.seq).toBe(true);
    const known = (): string[] | undefined =>
      b.peerStore.get(a.peerId)?.addrs.map(({ addr }) => addr.toString());
    expect(known()).toEqual(['/memory/1', '/memory/77']);
    listening.unsubscribe();
    await net.advance(1000);
    expect(known()).toEqual(['/memory/1']);
    expect(own.get(a.peerId)?.addrs.map(({ addr }) => addr.toString())).toEqual(['/memory/1']);
  });

  it('REC-6: has each side verify the other’s record once, and nobody its own', async () => {
    const verify = jest.spyOn(crypto, 'ed25519Verify');
    try {
      // Records of a time of their own: what was verified lately, in another test, is not verified again.
      await net.advance(12_345);
      await net.runUntil(a.dial(b.addrs));
      await net.advance(10 * RTT_MS);
      const records = verify.mock.calls.filter(([, data]) =>
        Buffer.from(data).includes('libp2p-peer-record'),
      );
      expect(records).toHaveLength(2);
      expect(a.peerStore.get(b.peerId)?.addrs).toMatchObject([{ certified: true }]);
      expect(b.peerStore.get(b.peerId)?.addrs).toMatchObject([{ certified: true }]);
    } finally {
      verify.mockRestore();
    }
  });

  it('is left alone by hosts that have no identify, and says nothing of those', async () => {
    const silent = await net.createHost({ services: NO_SERVICES });
    expect([silent.protocols, Object.keys(silent.services)]).toEqual([[], []]);
    echo(silent, '/echo');
    await net.runUntil(a.dial(silent.addrs));
    const stream = await net.runUntil(a.newStream(silent.peerId, '/echo'));
    expect(stream.protocol).toBe('/echo');
    await net.advance(10_000);
    expect([...told('warning'), ...told('peer:identify')]).toEqual([]);
    expect(a.connections).toHaveLength(1);
  });

  it('gives identify to whoever replaces it', async () => {
    const c = await net.createHost({ services: { identify: () => 'mine', ping: false } });
    expect([c.services.identify, c.protocols]).toEqual(['mine', []]);
  });
});

describe('newStream', () => {
  const opened = async (protocols: string | string[], options = {}): Promise<[string, number]> => {
    const startedAt = net.now();
    const stream = await net.runUntil(a.newStream(b.addrs, protocols, options));
    return [stream.protocol, (net.now() - startedAt) / RTT_MS];
  };

  it('HOST-23, HOST-25: waits for identify, and then for nothing where the protocol is known', async () => {
    echo(b, '/echo');
    expect(await opened('/echo')).toEqual(['/echo', 3]);
    expect(await opened('/echo')).toEqual(['/echo', 0]);
  });

  it('waits for nothing where it is lazy', async () => {
    echo(b, '/echo');
    expect(await opened('/echo', { lazy: true })).toEqual(['/echo', 2]);
  });

  it('waits for the agreement, whatever is known, where it is not to be lazy', async () => {
    echo(b, '/echo');
    await opened('/echo');
    expect(await opened('/echo', { lazy: false })).toEqual(['/echo', 1]);
  });

  it('waits on a connection of its own as well', async () => {
    echo(b, '/echo');
    const connection = await net.runUntil(a.dial(b.addrs));
    const startedAt = net.now();
    await net.runUntil(connection.newStream('/echo'));
    expect(net.now() - startedAt).toBe(RTT_MS);
  });

  it('HOST-25: what turns out to be unsupported is refused on the first read', async () => {
    const handler = b.handle('/gone').subscribe();
    await opened('/gone');
    handler.unsubscribe();
    const stream = await net.runUntil(a.newStream(b.addrs, '/gone'));
    await expect(net.runUntil(lastValueFrom(stream))).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED_PROTOCOL',
    });
  });

  it('HOST-24: asks first for the first that is known; with several it waits for the answer', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(RTT_MS);
    echo(b, '/new');
    echo(b, '/newer');
    await net.advance(1000);
    expect(await opened(['/unknown', '/newer', '/new'])).toEqual(['/newer', 1]);
  });

  it('HOST-26: what was agreed on is known from then on', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(RTT_MS);
    a.peerStore.setProtocols(b.peerId, []);
    echo(b, '/echo');
    expect(await opened('/echo')).toEqual(['/echo', 1]);
    expect(a.peerStore.get(b.peerId)?.protocols).toEqual(['/echo']);
    expect(await opened('/echo')).toEqual(['/echo', 0]);
  });

  it('believes what the peerstore is told', async () => {
    echo(b, '/echo');
    await opened('/echo');
    a.peerStore.setProtocols(b.peerId, []);
    expect(await opened('/echo')).toEqual(['/echo', 1]);
  });

  it('HOST-20: waits with a limit, and asks for what it wants when identify has failed', async () => {
    const silent = await net.createHost({ services: NO_SERVICES });
    silent.handle(IDENTIFY).subscribe();
    echo(silent, '/echo');
    await net.runUntil(a.dial(silent.addrs));
    const opening = a.newStream(silent.peerId, '/echo', { timeoutMs: 1000 });
    await expect(net.runUntil(opening)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const stream = await net.runUntil(a.newStream(silent.peerId, '/echo'));
    expect([stream.protocol, net.now()]).toEqual(['/echo', 2 * RTT_MS + 5000 + RTT_MS]);
  });
});

describe('ID-9: changes', () => {
  beforeEach(async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(1000);
    events.length = 0;
  });

  it('are told at once, many as one, and undone the same way', async () => {
    const handlers = ['/x/1', '/x/2', '/x/3'].map((id) => b.handle(id).subscribe());
    await net.advance(1000);
    expect(told('peer:protocols')).toMatchObject([
      { peer: b.peerId.toString(), added: ['/x/1', '/x/2', '/x/3'], removed: [] },
    ]);
    expect(told('peer:identify')).toMatchObject([{ protocols: [...STANDARD, '/x/1', '/x/2', '/x/3'] }]);
    expect(a.peerStore.get(b.peerId)?.protocols).toEqual([...STANDARD, '/x/1', '/x/2', '/x/3']);
    for (const handler of handlers) handler.unsubscribe();
    await net.advance(1000);
    expect(told('peer:protocols').slice(1)).toMatchObject([{ added: [], removed: ['/x/1', '/x/2', '/x/3'] }]);
    expect(told('stream:open').filter(({ protocol }) => protocol === IDENTIFY_PUSH)).toHaveLength(2);
  });

  it('are told to nobody when they have been undone before', async () => {
    b.handle('/x').subscribe().unsubscribe();
    await net.advance(1000);
    expect(told('stream:open')).toEqual([]);
  });

  it('that never end are told once a second, and then as seldom as others put up with; the last one too', async () => {
    for (let i = 0; i < 200; i += 1) {
      const handler = b.handle(`/x/${String(i)}`).subscribe();
      await net.advance(90);
      handler.unsubscribe();
    }
    b.handle('/last').subscribe();
    await net.advance(6000);
    const times = told('peer:protocols').map(({ at }) => at);
    expect(times.length).toBeLessThanOrEqual(13);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1000);
    expect(times[1]! - times[0]!).toBeLessThan(1100);
    expect(told('peer:protocols').length).toBeGreaterThan(9);
    expect(a.peerStore.get(b.peerId)?.protocols).toEqual([...STANDARD, '/last']);
    expect(told('limit:refuse')).toEqual([]);
  });

  it('meanwhile go in one more push', async () => {
    b.handle('/x/1').subscribe();
    await net.advance(110);
    b.handle('/x/2').subscribe();
    await net.advance(1000);
    expect(told('peer:protocols').map(({ added }) => added)).toEqual([['/x/1'], ['/x/2']]);
  });

  it('are told to both of two connections', async () => {
    await net.runUntil(a.dial(b.addrs, { force: true }));
    await net.advance(1000);
    events.length = 0;
    b.handle('/x').subscribe();
    await net.advance(1000);
    expect(told('stream:open').filter(({ protocol }) => protocol === IDENTIFY_PUSH)).toHaveLength(2);
    expect(told('peer:protocols')).toHaveLength(1);
  });

  it('are not told to who takes no pushes', async () => {
    const c = await net.createHost({ services: NO_SERVICES });
    const asked: string[] = [];
    c.handle(IDENTIFY).subscribe((stream) => {
      answer(stream, { ...NO_MESSAGE, protocols: [IDENTIFY] });
    });
    c.handle(IDENTIFY_PUSH).subscribe(({ protocol }) => asked.push(protocol));
    await net.runUntil(b.dial(c.addrs));
    await net.advance(1000);
    b.handle('/x').subscribe();
    await net.advance(1000);
    expect(asked).toEqual([]);
  });
});

function answer(stream: Stream, ...parts: readonly (Partial<IdentifyMessage> | Uint8Array)[]): void {
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : encodeIdentify({ ...NO_MESSAGE, ...part });
    stream.next(concatBytes(encodeVarint(bytes.byteLength), bytes));
  }
  stream.close();
}

describe('the service', () => {
  it('asks anew, dialing if it has to, and tells what everybody hears', async () => {
    const first = await net.runUntil(a.services.identify.identify(b.addrs));
    expect(first).toMatchObject({ type: 'peer:identify', peer: b.peerId.toString(), protocols: STANDARD });
    expect(net.now()).toBe(3 * RTT_MS);
    expect(told('peer:identify')).toEqual([first]);
    await net.runUntil(a.services.identify.identify(b.peerId).pipe(toArray()));
    expect(net.now()).toBe(4 * RTT_MS);
    expect(told('peer:identify')).toHaveLength(2);
  });

  it('joins the question that is under way, as often as it is asked', async () => {
    const all = [1, 2, 3].map(() => lastValueFrom(a.services.identify.identify(b.addrs).pipe(toArray())));
    const answers = await net.runUntil(Promise.all(all));
    expect(answers.every(([event]) => event === told('peer:identify')[0])).toBe(true);
    expect(told('peer:identify')).toHaveLength(1);
  });

  it('errors with what was wrong, and leaves the connection', async () => {
    const silent = await net.createHost({ services: NO_SERVICES });
    await expect(net.runUntil(a.services.identify.identify(silent.addrs))).rejects.toMatchObject({
      code: 'ERR_UNSUPPORTED_PROTOCOL',
    });
    await expect(net.runUntil(a.services.identify.identify('/memory/1'))).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
    });
    expect(a.connections).toHaveLength(1);
  });

  it('errors when the connection closes, and when the host stops', async () => {
    const silent = await net.createHost({ services: NO_SERVICES });
    silent.handle(IDENTIFY).subscribe();
    const outcome = (): Promise<unknown> =>
      lastValueFrom(a.services.identify.identify(silent.addrs)).catch((error: unknown) => error);
    const first = outcome();
    await net.advance(1000);
    silent.connections[0]?.abort(new Error('gone'));
    expect(await net.runUntil(first)).toMatchObject({
      code: expect.stringMatching(/^ERR_(STREAM_RESET|CONNECTION_CLOSED)$/) as string,
    });
    const second = outcome();
    await net.advance(1000);
    void a.stop();
    expect(await net.runUntil(second)).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it('leaves nothing when the host stops', async () => {
    const c = await net.createHost();
    await net.runUntil(c.dial(b.addrs));
    c.handle('/x').subscribe();
    await c.stop();
    b.handle('/y').subscribe();
    await b.stop();
    await a.stop();
    await net.advance(120_000);
    expect((net.scheduler as unknown as { nextAt: number | undefined }).nextAt).toBeUndefined();
  });

  it('remembers nothing of who is connected no more but what the store has', async () => {
    await net.runUntil(a.dial(b.addrs));
    await net.advance(1000);
    await net.runUntil(a.connections[0]!.close());
    await net.advance(1000);
    expect(a.peerStore.get(b.peerId)?.addrs).toMatchObject([{ expiresAt: expect.any(Number) as number }]);
    expect(a.peerStore.get(b.peerId)?.protocols).toEqual(STANDARD);
  });
});

/** A host that answers and pushes what a test says. */
describe('a hostile peer', () => {
  let peer: Host;
  const KEY = generateKey();
  beforeEach(async () => {
    peer = await net.createHost({ services: NO_SERVICES });
    echo(peer, '/echo');
  });
  const answering = async (act: (stream: Stream) => void): Promise<void> => {
    peer.handle(IDENTIFY).subscribe(act);
    await net.runUntil(a.dial(peer.addrs));
    await net.advance(1000);
  };
  const push = (
    ...parts: Parameters<typeof answer> extends [Stream, ...infer P] ? P : never
  ): Promise<Stream> =>
    net.runUntil(
      peer.newStream(a.addrs, IDENTIFY_PUSH).pipe(
        tap((stream) => {
          answer(stream, ...parts);
        }),
      ),
    );
  /** The code with which the stream was reset; a reset may overtake the agreement on its protocol. */
  const resetOf = async (opening: Promise<Stream>): Promise<number | undefined> => {
    const opened = await opening.catch((error: unknown) => error as StreamResetError);
    if (opened instanceof StreamResetError) return opened.resetCode;
    return net.runUntil(opened.closed$.pipe(map(({ code }) => code)));
  };
  /** Only the stream has suffered: the connection goes on, and nothing was stored. */
  const expectUnharmed = async (): Promise<void> => {
    expect(a.connections).toHaveLength(1);
    expect(told('peer:identify')).toEqual([]);
    expect(a.peerStore.get(peer.peerId)?.protocols ?? []).toEqual([]);
    expect(a.peerStore.get(peer.peerId)?.metadata.size ?? 0).toBe(0);
    const stream = await net.runUntil(a.newStream(peer.peerId, '/echo'));
    expect(stream.protocol).toBe('/echo');
    expect(told('unhandled')).toEqual([]);
  };
  const good: Partial<IdentifyMessage> = { protocols: ['/a'], agentVersion: 'x', listenAddrs: [] };

  it.each<[string, (stream: Stream) => void, string]>([
    [
      'I1: a prefix of 8193',
      (stream) => {
        stream.next(encodeVarint(8193));
      },
      'ERR_MESSAGE_TOO_LONG',
    ],
    [
      'I2: eleven parts',
      (stream) => {
        answer(stream, ...Array<typeof good>(11).fill(good));
      },
      'ERR_LIMIT',
    ],
    [
      'I2: eleven parts that add nothing',
      (stream) => {
        answer(stream, ...Array<typeof good>(11).fill({}));
      },
      'ERR_LIMIT',
    ],
    [
      'I8, ID-16: another peer’s key',
      (stream) => {
        answer(stream, { ...good, publicKey: KEY.publicKey.bytes });
      },
      'ERR_PEER_ID_MISMATCH',
    ],
    [
      'I12: data, then a reset',
      (stream) => {
        stream.next(concatBytes(encodeVarint(4), encodeIdentify({ ...NO_MESSAGE, protocols: ['/a'] })));
        stream.error(new Error('no'));
      },
      'ERR_STREAM_RESET',
    ],
    [
      'I16: a broken message',
      (stream) => {
        answer(stream, Uint8Array.of(0x0b, 0x0c));
      },
      'ERR_INVALID_PROTOBUF',
    ],
    [
      'nothing at all',
      (stream) => {
        stream.close();
      },
      'ERR_UNEXPECTED_END',
    ],
    [
      'half of a message',
      (stream) => {
        stream.next(Uint8Array.of(100, 1));
        stream.close();
      },
      'ERR_UNEXPECTED_END',
    ],
  ])('%s ends the stream and is a warning', async (_, act, code) => {
    let asked: Stream | undefined;
    await answering((stream) => {
      asked = stream;
      act(stream);
    });
    expect(told('warning')).toMatchObject([{ code }]);
    expect(asked?.connection.streams).toEqual([]);
    await expectUnharmed();
  });

  it.each<[string, (stream: Stream) => void]>([
    ['never answers', () => undefined],
    [
      'answers after five seconds',
      (stream) => {
        net.scheduler.schedule(() => {
          answer(stream, good);
        }, 5001);
      },
    ],
    [
      'answers a byte a second',
      (stream) => {
        for (let at = 1; at < 20; at += 1)
          net.scheduler.schedule(() => {
            stream.next(Uint8Array.of(100));
          }, at * 1000);
      },
    ],
    [
      'never ends its answer',
      (stream) => {
        stream.next(concatBytes(Uint8Array.of(4), encodeIdentify({ ...NO_MESSAGE, protocols: ['/a'] })));
      },
    ],
  ])('I11: who %s is not identified, and stays connected', async (_, act) => {
    await answering(act);
    expect(told('warning')).toEqual([]);
    await net.advance(4000);
    expect(told('warning')).toMatchObject([{ code: 'ERR_TIMEOUT' }]);
    expect(told('warning')[0]?.error).toBeInstanceOf(TimeoutError);
    expect(told('warning')[0]?.error).toMatchObject({ stage: 'identify', afterMs: 5000 });
    await net.advance(2000);
    await expectUnharmed();
  });

  it('I10: an agent that would move a cursor is told and stored escaped and cut', async () => {
    await answering((stream) => {
      answer(stream, { ...good, agentVersion: `\u001b[2J${'x'.repeat(1000)}` });
    });
    const agent = told('peer:identify')[0]?.agent ?? '';
    expect(agent).toBe(`\\u{1b}[2J${'x'.repeat(252)}`);
    expect(new TextDecoder().decode(a.peerStore.get(peer.peerId)?.metadata.get('AgentVersion'))).toBe(agent);
  });

  it('I3, I4, ID-12: of thousands of protocols and addresses only so many are kept', async () => {
    const parts = Array.from({ length: 10 }, (_, part) => ({
      protocols: Array.from({ length: 300 }, (__, i) => `/p/${String(part)}/${String(i)}`),
      listenAddrs: Array.from(
        { length: 100 },
        (__, i) => new Uint8Array(parseMultiaddr(`/ip4/1.2.3.${String(part)}/tcp/${String(i + 1)}`).bytes),
      ),
    }));
    await answering((stream) => {
      answer(stream, ...parts);
    });
    expect(told('peer:identify')[0]?.protocols).toHaveLength(256);
    expect(told('peer:identify')[0]?.listenAddrs).toHaveLength(64);
    expect(a.peerStore.get(peer.peerId)?.protocols).toHaveLength(256);
    expect(a.peerStore.get(peer.peerId)!.addrs.length).toBeLessThanOrEqual(65);
  });

  it('I5: in the internet, its private addresses are not kept; where it was dialed is', async () => {
    const world = wilds();
    const [c, d] = [await world.createHost({ services: {} }), await world.createHost({ services: {} })];
    world.set({ '/ip4/1.2.3.4/tcp/1': { leadsTo: d } });
    await world.end(c.dial(`/ip4/1.2.3.4/tcp/1/p2p/${d.peerId.toString()}`));
    await world.end(c.services.identify.identify(d.peerId));
    const known = c.peerStore.get(d.peerId)!.addrs.map(({ addr }) => addr.toString());
    expect(known).toEqual(['/ip4/1.2.3.4/tcp/1']);
    expect(d.addrs).toHaveLength(1);
  });

  describe('that pushes', () => {
    beforeEach(async () => {
      await answering((stream) => {
        answer(stream, { ...good, protocols: ['/a', IDENTIFY_PUSH] });
      });
      events.length = 0;
    });

    it('I13: a flood is held to ten, then one in five seconds; the last one accepted counts', async () => {
      const codes: (number | undefined)[] = [];
      for (let i = 0; i < 15; i += 1) codes.push(await resetOf(push({ protocols: [`/p/${String(i)}`] })));
      expect(codes.slice(0, 10)).toEqual(Array(10).fill(undefined));
      expect(codes.slice(-3)).toEqual([0x1003, 0x1003, 0x1003]);
      expect(told('limit:refuse')[0]).toMatchObject({ scope: peer.peerId.toString(), value: 0.2 });
      const accepted = codes.lastIndexOf(undefined);
      expect(a.peerStore.get(peer.peerId)?.protocols).toEqual([`/p/${String(accepted)}`]);
      await net.advance(5000);
      expect(await resetOf(push({ protocols: ['/late'] }))).toBeUndefined();
      expect(a.peerStore.get(peer.peerId)?.protocols).toEqual(['/late']);
      expect(a.connections).toHaveLength(1);
    });

    it('more than two at a time: the third is reset with 0x1002', async () => {
      for (let i = 0; i < 2; i += 1) await net.runUntil(peer.newStream(a.addrs, IDENTIFY_PUSH));
      expect(await resetOf(net.runUntil(peer.newStream(a.addrs, IDENTIFY_PUSH)))).toBe(0x1002);
      expect(told('limit:refuse')).toMatchObject([{ limit: 'inboundStreams', value: 2 }]);
      await net.advance(4000);
      expect(told('warning').map(({ code }) => code)).toEqual([]);
      await net.advance(1500);
      expect(told('warning').map(({ code }) => code)).toEqual(['ERR_TIMEOUT', 'ERR_TIMEOUT']);
      expect(await resetOf(push({ protocols: ['/again'] }))).toBeUndefined();
    });

    it('I14: all away: what it had is gone, where it was dialed stays', async () => {
      await push({ publicKey: peer.peerId.publicKey!.bytes });
      await net.advance(1000);
      expect(told('peer:protocols')).toMatchObject([{ added: [], removed: ['/a', IDENTIFY_PUSH] }]);
      const known = a.peerStore.get(peer.peerId)!;
      expect(known.protocols).toEqual([]);
      expect(known.addrs.map(({ addr }) => addr.toString())).toEqual([
        splitPeer(peer.addrs[0]!).transport?.toString(),
      ]);
    });

    it('what it leaves out stays as it was', async () => {
      await push({ agentVersion: 'y' });
      await net.advance(1000);
      expect(told('peer:protocols')).toEqual([]);
      expect(told('peer:identify')).toMatchObject([{ agent: 'y', protocols: ['/a', IDENTIFY_PUSH] }]);
    });

    it.each([
      [
        'I8, ID-16: another peer’s key',
        { publicKey: KEY.publicKey.bytes, protocols: ['/b'] },
        'ERR_PEER_ID_MISMATCH',
      ],
      ['I16: garbage', Uint8Array.of(0x0b), 'ERR_INVALID_PROTOBUF'],
    ])('%s resets the stream and changes nothing', async (_, part, code) => {
      const stream = await push(part);
      await net.advance(1000);
      expect(told('warning')).toMatchObject([{ code }]);
      expect(a.peerStore.get(peer.peerId)?.protocols).toEqual(['/a', IDENTIFY_PUSH]);
      expect(stream.connection.streams).not.toContain(stream);
      expect(a.connections).toHaveLength(1);
    });

    it('I18: and leaves at the same time is not remembered again', async () => {
      const stream = await net.runUntil(peer.newStream(a.addrs, IDENTIFY_PUSH));
      a.event$.pipe(ofType('connection:close')).subscribe(() => {
        a.peerStore.remove(peer.peerId);
      });
      answer(stream, { protocols: ['/ghost'] });
      a.connections[0]!.abort(new Error('gone'));
      await net.advance(10_000);
      expect(a.peerStore.get(peer.peerId)?.protocols ?? []).toEqual([]);
      expect(told('peer:protocols')).toEqual([]);
    });
  });

  it('asks more than twice at a time: the third stream is reset with 0x1002', async () => {
    await net.runUntil(peer.dial(a.addrs));
    // Nobody ends these: a stream that was answered stays open until its opener ends it.
    const open = [1, 2].map(() => net.runUntil(peer.newStream(a.addrs, IDENTIFY)));
    const first = await open[0]!;
    await open[1];
    expect(await resetOf(net.runUntil(peer.newStream(a.addrs, IDENTIFY)))).toBe(0x1002);
    first.close();
    await net.advance(1000);
    const next = await net.runUntil(peer.newStream(a.addrs, IDENTIFY));
    expect((await net.runUntil(firstValueFrom(next))).byteLength).toBeGreaterThan(100);
  });

  it('on four connections is asked on two of them at a time', async () => {
    const asked: number[] = [];
    peer.handle(IDENTIFY).subscribe(() => asked.push(net.now()));
    await net.runUntil(a.dial(peer.addrs));
    for (let i = 0; i < 3; i += 1) await net.runUntil(a.dial(peer.addrs, { force: true }));
    await net.advance(12_000);
    expect(asked).toHaveLength(4);
    expect(asked[2]! - asked[0]!).toBeGreaterThanOrEqual(5000);
  });

  it('a store that throws costs its own warning and nothing else', async () => {
    const failing = Object.assign(Object.create(a.peerStore) as HostPeerStore, {
      setProtocols: () => {
        throw new Error('disk full');
      },
    });
    const c = await observed({ peerStore: failing });
    await net.runUntil(c.dial(b.addrs));
    await net.advance(1000);
    expect(told('warning').map(({ message }) => message)).toEqual(['disk full']);
    expect(told('peer:identify')).toMatchObject([{ protocols: STANDARD }]);
  });
});
