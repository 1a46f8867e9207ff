/** Shutdown (END) in virtual time: its order, that it is finite (P23), and that everything which the host gave ends once (P12). */
import { NEVER, Subject, type Observable, type SchedulerLike } from 'rxjs';
import type { Host, HostEvent, Stream } from '../../src/index.js';
import { codeOf } from '../../src/core/errors.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

const STRANGER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
let net: SimulatedNetwork;
let a: Host;
let b: Host;
let events: HostEvent[];
beforeEach(async () => {
  events = [];
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  [a, b] = [
    await net.createHost({ events: { next: (event) => events.push(event) } }),
    await net.createHost(),
  ];
});

const types = (): string[] => events.map(({ type }) => type);
const nextAt = (): number | undefined => (net.scheduler as SchedulerLike & { nextAt?: number }).nextAt;

/** How often and how each ended, by name. */
class Ends {
  readonly how: Record<string, string[]> = {};
  watch(name: string, source: Observable<unknown>): void {
    const ends: string[] = [];
    this.how[name] = ends;
    source.subscribe({
      error: (error: unknown) => ends.push(codeOf(error)),
      complete: () => ends.push('complete'),
    });
  }
}

/** Subscribes to everything that a host gives, each in the middle of what it does. */
async function everything(): Promise<Ends> {
  b.handle('/x').subscribe();
  a.handle('/y').subscribe();
  const slow = await net.createHost();
  const silent = await net.createHost();
  net.link(a, slow, { latencyMs: 100_000 });
  const stream = await net.runUntil(a.newStream(b.addrs, '/x', { lazy: false }));
  // One who answers late, and one who falls silent.
  const toSilent = await net.runUntil(a.dial(silent.addrs));
  await net.advance(1_000);
  net.link(a, silent, { blackHole: true });
  const inbound = new Promise<Stream>((resolve) => {
    a.inbound$.subscribe(resolve);
  });
  await net.runUntil(b.newStream(a.peerId, '/y', { lazy: false }));
  const theirs = await inbound;
  const [connection] = a.connections;
  const ends = new Ends();
  const watch = (name: string, source: Observable<unknown>): void => {
    ends.watch(name, source);
  };
  watch('event$', a.event$);
  watch('connections$', a.connections$);
  watch('peers$', a.peers$);
  watch('addrs$', a.addrs$);
  watch('inbound$', a.inbound$);
  watch('handle', a.handle('/z'));
  watch('a matcher', a.handle({ name: '/m/*', matches: (id) => id.startsWith('/m/') }));
  a.listen('/memory/0').subscribe((listener) => {
    watch('listener.addrs$', listener.addrs$);
  });
  watch('listen', a.listen('/memory/0'));
  watch('dial', a.dial(slow.addrs));
  watch('dialUpdates', a.dialUpdates(slow.addrs));
  watch('newStream that dials', a.newStream(slow.addrs, '/x'));
  watch('newStream that negotiates', a.newStream(silent.peerId, '/x', { lazy: false }));
  watch('connection.newStream', toSilent.newStream('/x', { lazy: false }));
  watch('protect', a.protect(STRANGER, 'mine'));
  watch('keepConnected, connected', a.keepConnected(b.peerId));
  watch('keepConnected, dialing', a.keepConnected(slow.addrs));
  watch('keepConnected, waiting', a.keepConnected(`/memory/77/p2p/${STRANGER}`));
  watch('ping', a.services.ping.ping(b.peerId));
  watch('ping, unanswered', a.services.ping.ping(silent.peerId, { count: 1 }));
  watch('identify, unanswered', a.services.identify.identify(silent.peerId));
  watch('closed$ of a connection', connection!.closed$);
  watch('stream', stream);
  watch('closed$ of a stream', stream.closed$);
  watch('room$', stream.room$);
  watch('writeFrom', stream.writeFrom(NEVER));
  watch(
    'consume',
    theirs.consume(() => []),
  );
  watch('peerStore.change$', a.peerStore.change$);
  watch('peerStore.watch', a.peerStore.watch(b.peerId));
  await net.advance(100);
  expect(Object.entries(ends.how).filter(([, how]) => how.length > 0)).toEqual([]);
  return ends;
}

it('P12, END-7: every Observable of a host that stops ends exactly once, and says why where it was cut off', async () => {
  const ends = await everything();
  await net.runUntil(a.stop());
  await net.advance(1_000);
  const completes = ['complete'];
  const stopped = ['ERR_HOST_STOPPED'];
  expect(ends.how).toEqual({
    event$: completes,
    connections$: completes,
    peers$: completes,
    addrs$: completes,
    inbound$: completes,
    handle: completes,
    'a matcher': completes,
    'listener.addrs$': completes,
    listen: completes,
    dial: stopped,
    dialUpdates: completes,
    'newStream that dials': stopped,
    'newStream that negotiates': stopped,
    'connection.newStream': stopped,
    protect: completes,
    'keepConnected, connected': completes,
    'keepConnected, dialing': completes,
    'keepConnected, waiting': completes,
    ping: stopped,
    'ping, unanswered': stopped,
    'identify, unanswered': ['ERR_CONNECTION_CLOSED'],
    'closed$ of a connection': completes,
    stream: stopped,
    'closed$ of a stream': completes,
    room$: completes,
    writeFrom: stopped,
    consume: stopped,
    'peerStore.change$': completes,
    'peerStore.watch': completes,
  });
  expect(types().filter((type) => type === 'unhandled')).toEqual([]);
});

it('P12, END-7: after the end every Observable completes or says that the host was stopped, at once', async () => {
  await net.runUntil(a.dial(b.addrs));
  await net.advance(100);
  const [connection] = a.connections;
  await net.runUntil(a.stop());
  const ends = new Ends();
  ends.watch('event$', a.event$);
  ends.watch('connections$', a.connections$);
  ends.watch('peers$', a.peers$);
  ends.watch('addrs$', a.addrs$);
  ends.watch('inbound$', a.inbound$);
  ends.watch('handle', a.handle('/z'));
  ends.watch('listen', a.listen('/memory/0'));
  ends.watch('dial', a.dial(b.addrs));
  ends.watch('dialUpdates', a.dialUpdates(b.addrs));
  ends.watch('newStream', a.newStream(b.addrs, '/x'));
  ends.watch('newStream, without dialing', a.newStream(b.addrs, '/x', { noDial: true }));
  ends.watch('connection.newStream', connection!.newStream('/x'));
  ends.watch('protect', a.protect(STRANGER, 'mine'));
  ends.watch('keepConnected', a.keepConnected(b.addrs));
  ends.watch('ping', a.services.ping.ping(b.addrs));
  ends.watch('identify', a.services.identify.identify(b.addrs));
  ends.watch('peerStore.change$', a.peerStore.change$);
  ends.watch('peerStore.watch', a.peerStore.watch(b.peerId));
  a.tag(b.peerId, 'late', 1);
  await net.advance(0);
  const completes = ['complete'];
  const stopped = ['ERR_HOST_STOPPED'];
  expect(ends.how).toEqual({
    event$: completes,
    connections$: completes,
    peers$: completes,
    addrs$: completes,
    inbound$: completes,
    handle: completes,
    listen: stopped,
    dial: stopped,
    dialUpdates: completes,
    newStream: stopped,
    'newStream, without dialing': ['ERR_NO_CONNECTION'],
    'connection.newStream': ['ERR_CONNECTION_CLOSED'],
    protect: completes,
    keepConnected: completes,
    ping: stopped,
    identify: stopped,
    'peerStore.change$': completes,
    'peerStore.watch': completes,
  });
  expect([a.connections, a.peers, a.addrs, a.protocols]).toEqual([[], [], [], []]);
});

it('END-1, P15: stopping twice is one stop, also from within it, and no timer of the host is left', async () => {
  await everything();
  let inside: Promise<void> | undefined;
  a.event$.subscribe(({ type }) => {
    if (type === 'connection:close') inside = a.stop();
  });
  const first = a.stop();
  expect(a.stop()).toBe(first);
  await net.runUntil(first);
  expect(inside).toBe(first);
  expect(a[Symbol.asyncDispose]()).toBe(first);
  await net.runUntil(b.stop());
});

it('END-3, END-5: ends in order: protections, addresses, ports, dials, handlers, connections, their peers, and the events last', async () => {
  const order: string[] = [];
  const held = a.protect(b.peerId, 'mine').subscribe({ complete: () => order.push('protection') });
  a.handle('/y').subscribe({ complete: () => order.push('handler') });
  await net.runUntil(a.dial(b.addrs));
  await net.advance(1_000);
  const stranger = a.dial(`/memory/1/p2p/${STRANGER}`);
  net.link(a, '/memory/1', { latencyMs: 100_000 });
  stranger.subscribe({ error: () => order.push('dial') });
  a.connections$.subscribe({ complete: () => order.push('connections$') });
  a.peers$.subscribe({ complete: () => order.push('peers$') });
  a.addrs$.subscribe({ complete: () => order.push('addrs$') });
  a.event$.subscribe({
    next: (event) => order.push(event.type),
    complete: () => order.push('event$'),
  });
  a.peerStore.change$.subscribe({ complete: () => order.push('peerStore') });
  await net.advance(1_000);
  order.length = 0;
  await net.runUntil(a.stop());
  held.unsubscribe();
  const first = (name: string): number => order.indexOf(name);
  const wanted = ['protection', 'addrs:change', 'listen:close', 'dial:end', 'handler'];
  wanted.push('connection:close', 'peer:disconnect', 'connections$', 'peers$', 'addrs$', 'event$');
  expect(wanted.map(first)).toEqual(wanted.map(first).sort((x, y) => x - y));
  expect(wanted.map(first)).not.toContain(-1);
  expect(order.filter((name) => name === 'connection:close' || name === 'peer:disconnect')).toHaveLength(2);
  expect(order).toContain('peerStore');
});

it('END-5: each connection is told as closed, and each peer as gone, before stop() is done; the other end hears it', async () => {
  const others = await Promise.all([1, 2, 3].map(() => net.createHost()));
  for (const other of others) await net.runUntil(a.dial(other.addrs));
  await net.runUntil(a.dial(others[0]!.addrs, { force: true }));
  await net.advance(1_000);
  let done = 0;
  const stopped = a.stop().then(() => {
    done = types().length;
  });
  await net.runUntil(stopped);
  const count = (wanted: string): number => types().filter((type) => type === wanted).length;
  expect([count('connection:close'), count('peer:disconnect')]).toEqual([4, 3]);
  expect(events.length).toBe(done);
  await net.advance(100);
  for (const other of others) expect([other.connections, other.peers]).toEqual([[], []]);
});

it('END-6: a handler that never ends is not waited for', async () => {
  const handled: Stream[] = [];
  a.handle('/y').subscribe((stream) => {
    handled.push(stream);
    stream.subscribe({ error: () => undefined });
  });
  await net.runUntil(b.newStream(a.addrs, '/y', { lazy: false }));
  await net.advance(100);
  expect(handled).toHaveLength(1);
  const startedAt = net.now();
  await net.runUntil(a.stop());
  expect(net.now()).toBe(startedAt);
});

it('END-8: dials in progress are cancelled, and a connection that would have come late does not come', async () => {
  net.link(a, b, { latencyMs: 3_000 });
  net.link(b, a, { latencyMs: 3_000 });
  const ends = new Ends();
  ends.watch('dial', a.dial(b.addrs));
  await net.advance(4_000);
  await net.runUntil(a.stop());
  await net.advance(60_000);
  expect(ends.how).toEqual({ dial: ['ERR_HOST_STOPPED'] });
  expect([a.connections, b.connections]).toEqual([[], []]);
  expect(types()).not.toContain('connection:open');
});

it('END-4: an upgrade that is under way is given up, and nobody hears of it after the end', async () => {
  const seen: string[] = [];
  b.event$.subscribe({ next: ({ type }) => seen.push(type), complete: () => seen.push('complete') });
  net.link(a, b, { latencyMs: 1_000 });
  const ends = new Ends();
  ends.watch('dial', a.dial(b.addrs));
  await net.advance(1_500);
  await net.runUntil(b.stop());
  await net.advance(60_000);
  expect(seen.at(-1)).toBe('complete');
  expect(seen).not.toContain('connection:open');
  expect(ends.how['dial']).toEqual(['ERR_DIAL_FAILED']);
});

it('P23: stop() is finite with peers that do not answer and subscribers that never take anything', async () => {
  await everything();
  const stream = await net.runUntil(a.newStream(b.peerId, '/x', { lazy: false }));
  stream.next(new Uint8Array(1 << 20));
  // Never true: nothing is ever read.
  stream.read(new Subject<boolean>()).subscribe({ error: () => undefined });
  const startedAt = net.now();
  await net.runUntil(a.stop());
  expect(net.now() - startedAt).toBeLessThanOrEqual(5_000);
});

it('await using: the host is stopped when its block is left, whichever way', async () => {
  let inner: Host | undefined;
  await net.runUntil(
    (async () => {
      try {
        await using host = await net.createHost();
        inner = host;
        throw new Error('enough');
      } catch {
        // The block was left.
      }
    })(),
  );
  const ends = new Ends();
  ends.watch('event$', inner!.event$);
  expect(ends.how['event$']).toEqual(['complete']);
});

it('P15: of hosts that are stopped, each in the middle of everything, the clock has nothing left to do', async () => {
  const made: Host[] = [];
  const { createHost } = net;
  net.createHost = async (options) => {
    const host = await createHost.call(net, options);
    made.push(host);
    return host as never;
  };
  await everything();
  for (const host of [a, b, ...made]) await net.runUntil(host.stop());
  // What is on its way over the slow link arrives, and finds nobody.
  await net.advance(200_000);
  expect(nextAt()).toBeUndefined();
});
