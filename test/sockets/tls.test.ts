/** `/tls/1.0.0` over real sockets: on the socket itself, and over a channel of any other kind. */
import { createHash, randomBytes } from 'node:crypto';
import { connect as tlsConnect, createSecureContext, TLSSocket, type ConnectionOptions } from 'node:tls';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { firstValueFrom, lastValueFrom, Observable } from 'rxjs';
import { generateKey, type Libp2pError } from '../../src/index.js';
import { concatBytes, utf8 } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import type { PrivateKey } from '../../src/core/identity.js';
import type { RawConnection, Secured, SecureOptions, SecurityProtocol } from '../../src/core/parts.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { monotonicScheduler } from '../../src/platform/monotonic-scheduler.js';
import { offerLazily, respond } from '../../src/protocols/multistream/select.js';
import { seededRandom } from '../../src/testing.js';
import { makeCertificate } from '../../src/transports/tls/own-certificate.js';
import { tls } from '../../src/transports/tls/tls.js';
import {
  listening,
  pair,
  pause,
  plainClient,
  plainServer,
  record,
  text,
  transport,
  until,
  leavesNothing,
} from './sockets.js';

const MUXERS = ['/yamux/1.0.0', '/other/1.0.0'];
const keys = { near: generateKey(), far: generateKey() };
const protocolOf = (privateKey: PrivateKey, wallClock?: () => number): SecurityProtocol =>
  tls().create({ scheduler: monotonicScheduler, random: seededRandom(1), privateKey, wallClock });
const near = protocolOf(keys.near);
const far = protocolOf(keys.far);

const closing = leavesNothing();

/** The same channel, of which nobody can have the socket. */
const covered = (duplex: Duplex): Duplex => ({
  read: (room$) => duplex.read(room$),
  sink: duplex.sink,
  room$: duplex.room$,
});
const bare = (duplex: Duplex): Duplex => duplex;
const WAYS = [
  ['on the socket', bare],
  ['over any channel', covered],
] as const;

interface Ends {
  readonly near: Secured;
  readonly far: Secured;
  readonly raw: { readonly near: RawConnection; readonly far: RawConnection };
}
async function secured(
  over: (duplex: Duplex) => Duplex,
  muxers = { near: MUXERS, far: MUXERS },
): Promise<Ends> {
  const raw = await pair();
  closing.push(raw.close);
  const [one, other] = await Promise.all([
    firstValueFrom(
      near.secure(over(raw.near.duplex), {
        role: 'initiator',
        muxers: muxers.near,
        expectedPeer: peerIdFrom(keys.far),
      }),
    ),
    firstValueFrom(far.secure(over(raw.far.duplex), { role: 'responder', muxers: muxers.far })),
  ]);
  return { near: one, far: other, raw };
}

describe.each(WAYS)('TLS %s', (_, over) => {
  it('tells each end who the other is, and settles the muxer that the dialer likes best', async () => {
    const ends = await secured(over, { near: ['/other/1.0.0', '/yamux/1.0.0'], far: MUXERS });
    expect([ends.near.remotePeer.toString(), ends.far.remotePeer.toString()]).toEqual(
      [keys.far, keys.near].map((key) => peerIdFrom(key).toString()),
    );
    expect([ends.near.muxer, ends.far.muxer]).toEqual(['/other/1.0.0', '/other/1.0.0']);
  });

  it('leaves the muxer to multistream where the two have none in common (WIRE-24)', async () => {
    const ends = await secured(over, { near: ['/a/1'], far: ['/b/1'] });
    expect([ends.near.muxer, ends.far.muxer]).toEqual([undefined, undefined]);
  });

  it('carries 8 MiB each way at once, whole', async () => {
    const ends = await secured(over);
    const sent = randomBytes(8 * 1024 * 1024);
    const hashes = [ends.near.duplex, ends.far.duplex].map(async (duplex) => {
      const hash = createHash('sha256');
      await lastValueFrom(
        new Observable<never>((subscriber) =>
          duplex.read().subscribe({
            next: (bytes) => hash.update(bytes),
            error: (error: unknown) => {
              subscriber.error(error);
            },
            complete: () => {
              subscriber.complete();
            },
          }),
        ),
        { defaultValue: undefined },
      );
      return hash.digest('hex');
    });
    for (const { duplex } of [ends.near, ends.far]) {
      let at = 0;
      duplex.room$.subscribe((hasRoom) => {
        for (let room = hasRoom; room && at < sent.byteLength;) {
          duplex.sink.next(new Uint8Array(sent.subarray(at, at + 100_000)));
          at += 100_000;
          if (at >= sent.byteLength) duplex.sink.complete();
          duplex.room$.subscribe((value) => (room = value)).unsubscribe();
        }
      });
    }
    const expected = createHash('sha256').update(sent).digest('hex');
    expect(await Promise.all(hashes)).toEqual([expected, expected]);
  });

  it('can be read at one end after the other has ended, and ends in order', async () => {
    const ends = await secured(over);
    const [atNear, atFar] = [record(ends.near.duplex), record(ends.far.duplex)];
    ends.near.duplex.sink.next(utf8('question'));
    ends.near.duplex.sink.complete();
    expect(await atFar.end).toBe('complete');
    ends.far.duplex.sink.next(utf8('answer'));
    ends.far.duplex.sink.complete();
    expect(await atNear.end).toBe('complete');
    expect([text(atFar.chunks), text(atNear.chunks)]).toEqual(['question', 'answer']);
  });

  it('that one end destroys breaks at the other', async () => {
    const ends = await secured(over);
    const atFar = record(ends.far.duplex);
    ends.near.duplex.sink.next(utf8('x'));
    // Of a reset right behind bytes, the system may tell as of an end.
    await until(() => atFar.byteLength === 1);
    ends.near.duplex.sink.error(new Error('on purpose'));
    expect(await atFar.end).toBe('ERR_TRANSPORT');
    expect(await record(ends.near.duplex).end).not.toBe('complete');
  });

  it('makes a writer wait for a reader that does not read, and loses nothing', async () => {
    const ends = await secured(over);
    let written = 0;
    let room = true;
    const chunk = new Uint8Array(65_536).fill(7);
    ends.near.duplex.room$.subscribe((value) => (room = value));
    const fill = (): void => {
      while (room && written < 64 * 1024 * 1024) {
        ends.near.duplex.sink.next(chunk);
        written += chunk.byteLength;
      }
    };
    for (let turn = 0; turn < 60; turn += 1) {
      fill();
      await pause(5);
    }
    const stalledAt = written;
    await pause(100);
    fill();
    // What the two systems hold for a connection, ours beside it: far from all that there is to say.
    expect([room, written]).toEqual([false, stalledAt]);
    expect(stalledAt).toBeLessThan(32 * 1024 * 1024);
    const atFar = record(ends.far.duplex);
    ends.near.duplex.sink.complete();
    expect(await atFar.end).toBe('complete');
    expect(atFar.byteLength).toBe(written);
  });

  it('that is abandoned in the middle leaves nothing once its owner has let go', async () => {
    const raw = await pair();
    closing.push(raw.close);
    const options: SecureOptions = { role: 'initiator', muxers: MUXERS };
    const seen: unknown[] = [];
    const run = near.secure(over(raw.near.duplex), options).subscribe({ next: (value) => seen.push(value) });
    await pause(20);
    run.unsubscribe();
    raw.near.duplex.sink.error(new Error('let go'));
    await record(raw.far.duplex).end;
    expect(seen).toEqual([]);
  });
});

it('runs on the socket below the negotiation, also where its first bytes came with the proposal (S9)', async () => {
  const raw = await pair();
  closing.push(raw.close);
  // The proposal and the hello in one segment: the responder has read the hello when it is asked to take over.
  const initiator = firstValueFrom(
    near.secure(offerLazily(raw.near.duplex, '/tls/1.0.0'), { role: 'initiator', muxers: MUXERS }),
  );
  const { duplex } = await firstValueFrom(respond(raw.far.duplex, ['/noise', '/tls/1.0.0']));
  expect(duplex.release).toBeDefined();
  const [one, other] = await Promise.all([
    initiator,
    firstValueFrom(far.secure(duplex, { role: 'responder', muxers: MUXERS })),
  ]);
  const atFar = record(other.duplex);
  one.duplex.sink.next(utf8('hello'));
  one.duplex.sink.complete();
  expect([await atFar.end, text(atFar.chunks)]).toEqual(['complete', 'hello']);
  // What was released is read by nobody else any more.
  expect(raw.far.heardBytes?.()).toBeGreaterThan(500);
});

// ── what is on the wire ──────────────────────────────────────────────────────────────────────────────────────────────
/** A TLS of Node's with a good certificate, at one end of a connection with ours. */
const foreignKey = generateKey();
const foreign = createSecureContext({
  ...makeCertificate(foreignKey, seededRandom(9), Date.now()),
  ca: [],
  minVersion: 'TLSv1.3',
});
async function ourServer(): Promise<{ port: number; next(): Promise<Secured | Libp2pError> }> {
  const listener = await listening(transport());
  closing.push(() => {
    listener.subscription.unsubscribe();
  });
  return {
    port: listener.port,
    next: async () => {
      const raw = await listener.accept();
      closing.push(() => {
        raw.duplex.sink.error(new Error('the test is over'));
      });
      return outcome(far, raw.duplex, { role: 'responder', muxers: MUXERS });
    },
  };
}
const outcome = (
  by: SecurityProtocol,
  duplex: Duplex,
  options: SecureOptions,
): Promise<Secured | Libp2pError> =>
  firstValueFrom(by.secure(duplex, options)).catch((error: unknown) => error as Libp2pError);

async function foreignClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await plainClient(port);
  closing.push(() => socket.destroy());
  const client = tlsConnect({ socket, secureContext: foreign, rejectUnauthorized: false, ...options });
  client.on('error', () => undefined);
  return client;
}

describe('as a responder', () => {
  it.each([
    [
      'the first that it knows of the dialer’s',
      ['/none/1', '/other/1.0.0', '/yamux/1.0.0', 'libp2p'],
      '/other/1.0.0',
    ],
    ['`libp2p` alone, as from rust-libp2p', ['libp2p'], undefined],
    ['no list at all, as from old peers', undefined, undefined],
    [
      'a thousand before one that it knows',
      [...Array.from({ length: 1000 }, (_, i) => `/${String(i)}`), 'libp2p'],
      undefined,
    ],
  ])('takes %s (5.4)', async (_, offered, expected) => {
    const server = await ourServer();
    const client = await foreignClient(server.port, { ALPNProtocols: offered });
    const secured = (await server.next()) as Secured;
    expect([secured.remotePeer.toString(), secured.muxer]).toEqual([
      peerIdFrom(foreignKey).toString(),
      expected,
    ]);
    await until(() => client.alpnProtocol !== null);
    expect(client.alpnProtocol).toBe(offered === undefined ? false : (expected ?? 'libp2p'));
  });

  it('is indifferent to a server name, whatever it says (T10)', async () => {
    const server = await ourServer();
    await foreignClient(server.port, { ALPNProtocols: ['libp2p'], servername: 'x'.repeat(250) });
    expect(await server.next()).toHaveProperty('remotePeer');
  });

  it('gives nobody a session to come back to (T8)', async () => {
    const server = await ourServer();
    const first = await foreignClient(server.port);
    const sessions: Buffer[] = [];
    first.on('session', (session: Buffer) => sessions.push(session));
    const { duplex } = (await server.next()) as Secured;
    first.resume();
    duplex.sink.next(utf8('hello'));
    await once(first, 'data');
    const again = await foreignClient(server.port, { session: sessions[0] });
    expect(await server.next()).toHaveProperty('remotePeer');
    expect([sessions.length > 0, again.isSessionReused()]).toEqual([true, false]);
  });
});

it('as a dialer it names no server, offers 1.3 alone, its muxers and `libp2p`, and no session or early data', async () => {
  let hello: Bytes = new Uint8Array(0);
  const { server, addr } = await plainServer((socket: Socket) => {
    socket.on('data', (bytes) => (hello = concatBytes(hello, bytes)));
    closing.push(() => socket.destroy());
  });
  closing.push(() => server.close());
  const raw = await firstValueFrom(transport().dial(addr));
  closing.push(() => {
    raw.duplex.sink.error(new Error('over'));
  });
  const run = near
    .secure(raw.duplex, { role: 'initiator', muxers: MUXERS })
    .subscribe({ error: () => undefined });
  await until(() => hello.byteLength > 100);
  run.unsubscribe();
  const extensions = extensionsOf(hello);
  const names = { 0: 'server_name', 35: 'session_ticket', 41: 'pre_shared_key', 42: 'early_data' };
  // An empty session_ticket asks for one as TLS 1.2 does; in 1.3 it means nothing.
  expect(Object.entries(names).flatMap(([id, name]) => (extensions.has(Number(id)) ? [name] : []))).toEqual(
    [],
  );
  expect(Buffer.from(extensions.get(43) ?? []).toString('hex')).toBe('020304');
  const offered = [...MUXERS, 'libp2p'].map((name) => `${String.fromCharCode(name.length)}${name}`).join('');
  expect(
    Buffer.from(extensions.get(16) ?? [])
      .subarray(2)
      .toString(),
  ).toBe(offered);
});

/** Extensions of a ClientHello in one record. @source RFC 8446, 4.1.2 */
function extensionsOf(record: Bytes): Map<number, Bytes> {
  const view = new DataView(record.buffer, record.byteOffset);
  let at = 5 + 4 + 2 + 32;
  at += 1 + view.getUint8(at);
  at += 2 + view.getUint16(at);
  at += 1 + view.getUint8(at);
  at += 2;
  const found = new Map<number, Bytes>();
  while (at < record.byteLength) {
    const [id, length] = [view.getUint16(at), view.getUint16(at + 2)];
    found.set(id, record.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
