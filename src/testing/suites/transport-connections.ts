/** What a suite asks of connections: listening, dialing, being many, being given up, being lost. */
import { Subscription, type Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { DialError } from '../../core/dial-error.js';
import { codeOf } from '../../core/errors.js';
import { parseMultiaddr } from '../../core/multiaddr.js';
import type { RawConnection } from '../../core/parts.js';
import type { Connection, Listener } from '../../core/stream-contract.js';
import { hear, Checksum, blocks, mustMatch, send } from './bytes.js';
import { inbox, PROTOCOL, type BenchHost, type TransportBench } from './transport-bench.js';
import { done, first, must, pause } from './waiting.js';

/** Inbound connections that have not proven who they are, in the check of that bound. */
const PENDING = 8;
const SILENT = 2 * PENDING;
/** After how long a dial is given up, ms; undefined is inside the call that began it. */
const GIVE_UP_AFTER = [undefined, 0, 1, 2, 4, 8, 16, 32];

/** When nothing is left of a dial that was given up, ms. */
const FORGOTTEN_MS = 3_000;

export type TransportCheck = (bench: TransportBench) => Promise<void>;

export const connectionChecks: Readonly<Record<string, TransportCheck>> = {
  'says where it is bound, and can be dialed there': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.listener()];
    const { addrs } = listener.host;
    must(addrs.length > 0, `bound to ${bench.place}, and has no address`);
    for (const addr of addrs) {
      must(!/\/(tcp|udp|memory)\/0(\/|$)/.test(addr.toString()), `${addr.toString()} is no port to dial`);
      const connection = await dial(bench, dialer, [addr]);
      const { remotePeer, remoteAddr } = connection;
      must(remotePeer.equals(listener.host.peerId), 'the connection is to another peer');
      const own = addr.toString().replace(/\/p2p\/[^/]+$/, '');
      must(remoteAddr.toString().startsWith(own), `dialed ${own}, connected to ${remoteAddr.toString()}`);
      await connection.close();
    }
  },

  'tells the listener who has dialed, and from where': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.listener()];
    await dial(bench, dialer, listener.host.addrs);
    await bench.until(() => listener.host.connections.length === 1, 'the listener has no connection');
    const inbound = listener.host.connections[0];
    must(inbound?.direction === 'inbound', 'the connection is not inbound');
    must(inbound.remotePeer.equals(dialer.host.peerId), 'the connection is of another peer');
    must(inbound.remoteAddr.toString() !== inbound.localAddr.toString(), 'both ends have the same address');
  },

  'fails where nobody listens any more, and says so': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.make()];
    const port = await listen(listener, bench.place);
    port.close();
    await pause(50);
    const work = first(dialer.host.dial(withPeerOf(listener, port.addrs)));
    const error = await bench.failureOf(work, 'dialed a port that is closed');
    must(error instanceof DialError, `failed with ${String(error)}, which is no DialError`);
    const [cause] = error.errors.map((attempt) => codeOf(attempt.error));
    // Over UDP nobody need say so: there, waiting is all that one can do.
    must(
      cause === 'ERR_TRANSPORT' || !bench.settings.channels,
      `failed with ${String(cause)} and not with ERR_TRANSPORT, of a machine that is there`,
    );
    must(dialer.host.connections.length === 0, 'there is a connection all the same');
  },

  'refuses a port that is taken, and frees it when the listener leaves': async (bench) => {
    const [holder, other] = [await bench.make(), await bench.make()];
    const port = await listen(holder, bench.place);
    const [addr] = port.addrs;
    must(addr !== undefined, 'bound, and no address');
    const taken = parseMultiaddr(addr.toString().replace(/\/p2p\/[^/]+$/, ''));
    const error = await bench.failureOf(first(other.host.listen(taken)), 'listens where somebody does');
    must(
      codeOf(error) === 'ERR_LISTEN_FAILED',
      `failed with ${String(error)}, which is no ERR_LISTEN_FAILED`,
    );
    port.close();
    const again = await retry(() => listen(other, taken.toString()));
    again.close();
  },

  'closes the port when the listener leaves, and not what came through it': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.make()];
    const inbound = inbox(bench, listener);
    const port = await listen(listener, bench.place);
    await dial(bench, dialer, withPeerOf(listener, port.addrs));
    // A dialer may be through before the listener has heard of it.
    await bench.until(() => listener.host.connections.length > 0, 'the listener has heard of no connection');
    port.close();
    await pause(50);
    const stream = await first(dialer.host.newStream(listener.host.peerId, PROTOCOL));
    stream.next(new Uint8Array([1, 2, 3]));
    stream.complete();
    const heard = hear(await inbound.nth(0));
    await bench.within(heard.end, 'nothing comes over the old connection');
    must(heard.sum.byteLength === 3, `3 bytes were sent, and ${heard.sum.toString()} came`);
  },

  'carries many dials at once': async (bench) => {
    const listener = await bench.listener();
    const inbound = inbox(bench, listener);
    const dialers = await Promise.all(Array.from({ length: bench.settings.dialers }, () => bench.make()));
    const sums = await bench.within(
      Promise.all(dialers.map((dialer, at) => sendBlocks(bench, dialer, listener, at))),
      `not all of ${String(dialers.length)} dials were through`,
    );
    await inbound.nth(dialers.length - 1);
    const heard = inbound.streams.map((stream) => ({ peer: stream.connection.remotePeer, ...hear(stream) }));
    for (const [at, { host }] of dialers.entries()) {
      const own = heard.find(({ peer }) => peer.equals(host.peerId));
      must(own !== undefined, 'a dialer’s stream is missing');
      await mustMatch(own, sums[at] ?? new Checksum(), `dialer ${String(at)}`, bench.settings.patienceMs);
    }
  },

  'leaves nothing of a dial that was given up, at any time': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.listener()];
    const open = (): number =>
      dialer.host.connections.length + listener.host.connections.length + bench.openChannels;
    for (const after of GIVE_UP_AFTER) {
      const attempt = dialer.host.dial(listener.host.addrs).subscribe({ error: () => undefined });
      if (after !== undefined) await pause(after);
      attempt.unsubscribe();
      await Promise.all(dialer.host.connections.map((connection) => connection.close()));
      const what = `given up after ${String(after ?? 'no')} ms, and something is open`;
      // Sooner than the other side gives up by itself.
      await bench.until(() => open() === 0, what, FORGOTTEN_MS);
    }
    await dial(bench, dialer, listener.host.addrs);
  },

  'ends every stream with an error when the line is cut, at both ends': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.listener()];
    const inbound = inbox(bench, listener);
    const connection = await dial(bench, dialer, listener.host.addrs);
    const streams = await Promise.all([1, 2, 3].map(() => first(connection.newStream(PROTOCOL))));
    await inbound.nth(2);
    const ends = [...streams, ...inbound.streams].map((stream) => hear(stream).end);
    bench.cut(connection);
    for (const end of await bench.within(Promise.all(ends), 'a stream goes on although its line was cut'))
      must(end !== 'complete', 'a stream has completed, as if all had been said, although its line was cut');
    await bench.until(
      () => dialer.host.connections.length + listener.host.connections.length === 0,
      'a connection is open although its line was cut',
    );
    await dial(bench, dialer, listener.host.addrs);
  },

  'ends at the other end when a host stops': async (bench) => {
    const [dialer, listener] = [await bench.make(), await bench.listener()];
    const inbound = inbox(bench, listener);
    const connection = await dial(bench, dialer, listener.host.addrs);
    const stream = await first(connection.newStream(PROTOCOL));
    await inbound.nth(0);
    const heard = hear(stream);
    await bench.within(listener.host.stop(), 'a host does not stop');
    await bench.within(heard.end, 'a stream goes on although the other host has stopped');
    await bench.until(
      () => dialer.host.connections.length === 0,
      'a connection goes on although its peer has stopped',
    );
  },
};

export const pendingChecks: Readonly<Record<string, TransportCheck>> = {
  'bounds connections that say nothing, and serves the honest as soon as there is room': async (bench) => {
    const limits = { transient: { connections: 2 * PENDING, inboundConnections: PENDING } };
    const listener = await bench.listener({ limits });
    const [dialer, transport] = [await bench.make(), bench.transport()];
    const [addr] = listener.host.addrs;
    must(addr !== undefined, 'bound, and no address');
    const silent: Subscription[] = [];
    const endAll = (): void => {
      for (const dialed of silent) dialed.unsubscribe();
    };
    for (let at = 0; at < SILENT; at += 1) silent.push(silentDial(transport.dial(addr)));
    const refused = (): number => listener.events.filter(({ type }) => type === 'limit:refuse').length;
    await bench.until(
      () => refused() >= SILENT - PENDING,
      `${String(SILENT)} connections say nothing, and no more than ${String(PENDING)} may`,
    );
    must(refused() === SILENT - PENDING, `${String(refused())} were refused, more than there are too many`);
    endAll();
    await retry(() => {
      dialer.host.clearDialBackoff();
      return dial(bench, dialer, listener.host.addrs);
    });
  },
};

/** A channel that is held open, and never used. */
function silentDial(channel$: Observable<RawConnection>): Subscription {
  const held = new Subscription();
  held.add(
    channel$.subscribe({
      next: ({ duplex }) => {
        held.add(() => {
          duplex.sink.error(new Error('it has been silent for long enough'));
        });
      },
      error: () => undefined,
    }),
  );
  return held;
}

export function dial(
  bench: TransportBench,
  { host }: BenchHost,
  addrs: readonly Multiaddr[],
): Promise<Connection> {
  return bench.within(first(host.dial(addrs)), 'no connection');
}

interface Port {
  readonly addrs: readonly Multiaddr[];
  close(): void;
}
function listen({ host }: BenchHost, place: string): Promise<Port> {
  return new Promise((resolve, reject) => {
    // A transport may answer inside this very call.
    const listening = new Subscription();
    const close = (): void => {
      listening.unsubscribe();
    };
    listening.add(
      host.listen(place).subscribe({
        next: ({ addrs }: Listener) => {
          resolve({ addrs, close });
        },
        error: reject,
      }),
    );
  });
}

function withPeerOf({ host }: BenchHost, addrs: readonly Multiaddr[]): readonly Multiaddr[] {
  const tail = `/p2p/${host.peerId.toString()}`;
  return addrs.map((addr) => parseMultiaddr(addr.toString().replace(/\/p2p\/[^/]+$/, '') + tail));
}

/** What the other side sees of an end comes when it comes: what needs that is tried until it works. */
async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 40; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await pause(50);
    }
  }
}

async function sendBlocks(
  bench: TransportBench,
  dialer: BenchHost,
  listener: BenchHost,
  seed: number,
): Promise<Checksum> {
  const connection = await dial(bench, dialer, listener.host.addrs);
  const stream = await first(connection.newStream(PROTOCOL));
  const sum = new Checksum();
  stream.subscribe({ error: () => undefined });
  await done(send(stream, blocks(200_000, seed, sum)));
  return sum;
}
