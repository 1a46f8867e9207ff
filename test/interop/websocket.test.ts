/** WebSockets with others: what the transport itself has to bear, over noise. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createHost, noise, StreamResetError, webSocket, type Host } from '../../src/index.js';
import { CODE, digest, offer } from './offer.js';
import { exchange } from '../support/exchange.js';
import { Peer, type Implementation } from './peer.js';

const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];
const file = (name: string): string => readFileSync(new URL(`certs/${name}`, import.meta.url), 'utf8');
const certificate = { cert: file('localhost.crt'), key: file('localhost.key') };
const ways = implementations.flatMap((implementation) =>
  (['ws', 'wss'] as const).map((transport) => ({ implementation, transport })),
);
const BIG = 16 * 1024 * 1024;

describe.each(ways)('$transport and $implementation', ({ implementation, transport }) => {
  let host: Host;
  let peer: Peer;
  beforeAll(async () => {
    [host, peer] = await Promise.all([
      createHost({
        transports: [webSocket({ certificate, trust: { ca: certificate.cert } })],
        security: [noise()],
        listen: [`/ip4/127.0.0.1/tcp/0/${transport}`],
      }),
      Peer.start(implementation, { transport, security: 'noise' }),
    ]);
    offer(host);
  });
  afterAll(async () => {
    await host.stop();
  });
  const own = (): string => String(host.addrs[0]);
  const ask = (id: string, sent: Uint8Array): Promise<Buffer> =>
    exchange(host.newStream(peer.addr, id, { timeoutMs: 30_000 }), sent);

  it('we dial: pings, an echo, a half-close, a slow reader', async () => {
    const times$ = host.services.ping.ping(peer.addr, { count: 3, everyMs: 20 });
    expect(await lastValueFrom(times$.pipe(toArray()))).toHaveLength(3);
    const sent = randomBytes(BIG);
    expect((await ask('/interop/echo/1', Buffer.from(sent))).equals(sent)).toBe(true);
    const some = randomBytes(3_000_000);
    expect((await ask('/interop/count/1', Buffer.from(some))).toString()).toBe(digest(some));
    expect((await ask('/interop/slow/1', Buffer.from(some))).toString()).toBe(digest(some));
    const [connection] = host.connections;
    expect(connection?.remoteAddr.toString()).toMatch(transport === 'ws' ? /\/tcp\/\d+\/ws$/ : /\/tls\/ws$/);
  });

  it('we dial: their reset', async () => {
    const error: unknown = await ask('/interop/reset/1', Buffer.from('x')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamResetError);
    if (implementation === 'go') expect((error as StreamResetError).resetCode).toBe(CODE);
  });

  it('they dial: pings, an echo, a half-close, our slow reader', async () => {
    expect(await peer.run('ping', own(), 3)).toBe(3);
    expect(await peer.run('echo', own(), BIG)).toBe(true);
    expect(await peer.run('count', own(), 100_000)).toBe(true);
    expect(await peer.run('slow', own(), 3_000_000)).toBe(true);
  });

  it('they dial: our reset', async () => {
    const result = peer.run('reset', own());
    if (implementation === 'go') expect(await result).toBe(CODE);
    else await expect(result).rejects.toThrow();
  });

  it('hear each other’s end', async () => {
    const [connection] = host.connections;
    const closed = host.connections.map((open) => firstValueFrom(open.closed$));
    expect(connection).toBeDefined();
    await peer.stop();
    await Promise.all(closed);
    expect(host.connections).toEqual([]);
  });
});
