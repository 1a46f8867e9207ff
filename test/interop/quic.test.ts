import { randomBytes } from 'node:crypto';
import { lastValueFrom, toArray } from 'rxjs';
import { createHost, quic, StreamResetError, type Host } from '../../src/index.js';
import { digest, offer } from './offer.js';
import { exchange } from '../support/exchange.js';
import { Peer, type Implementation } from './peer.js';

const MIB = 1024 * 1024;
const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];

describe.each(implementations)('over QUIC with %s-libp2p', (implementation) => {
  let host: Host;
  let peer: Peer;
  beforeAll(async () => {
    [host, peer] = await Promise.all([
      createHost({ transports: [quic()], listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] }),
      Peer.start(implementation, { transport: 'quic', security: 'tls' }),
    ]);
    offer(host);
  });
  afterAll(async () => {
    await host.stop();
    await peer.stop();
  });
  const own = (): string => String(host.addrs[0]);
  const ask = (id: string, sent: Uint8Array, readAfterMs = 0): Promise<Buffer> =>
    exchange(host.newStream(peer.addr, id, { timeoutMs: 30_000 }), sent, readAfterMs);

  it('the connection is called by what QUIC is made of', async () => {
    expect(
      await lastValueFrom(host.services.ping.ping(peer.addr, { count: 3, everyMs: 20 }).pipe(toArray())),
    ).toHaveLength(3);
    const [connection] = host.connections;
    expect(connection).toMatchObject({ muxer: 'quic', encryption: '/tls/1.0.0', limited: false });
    expect(peer.addr).toBe(`${String(connection?.remoteAddr)}/p2p/${String(connection?.remotePeer)}`);
  });

  it('16 MiB come back as they went, whoever dials', async () => {
    const sent = randomBytes(16 * MIB);
    expect((await ask('/interop/echo/1', Buffer.from(sent))).equals(sent)).toBe(true);
    expect(await peer.run('echo', own(), 16 * MIB)).toBe(true);
  });

  it('an answer comes behind a half-close, whoever dials', async () => {
    const sent = randomBytes(100_000);
    expect((await ask('/interop/count/1', Buffer.from(sent))).toString()).toBe(digest(sent));
    expect(await peer.run('count', own(), 100_000)).toBe(true);
  });

  it('our slow reader holds them back beyond the window of a stream, and loses nothing', async () => {
    // js-libp2p takes what it is sent while it writes, so an echo would tell nothing of our side: it only writes here.
    expect(await peer.run('slow', own(), 12 * MIB)).toBe(true);
    const sent = randomBytes(12 * MIB);
    if (implementation === 'go')
      expect((await ask('/interop/echo/1', Buffer.from(sent), 1_000)).equals(sent)).toBe(true);
  });

  it('a reset of theirs is one, and has no code of its own where js-libp2p sends it', async () => {
    const error: unknown = await ask('/interop/reset/1', Buffer.from('x')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamResetError);
    expect((error as StreamResetError).resetCode).toBe(implementation === 'go' ? 0x1234 : 0);
  });

  it('a reset of ours arrives with code 0, which js-libp2p takes for the end', async () => {
    expect(await peer.run('reset', own())).toBe(implementation === 'go' ? 0 : undefined);
  });

  it('another peer than was dialed is refused before it has a stream', async () => {
    const stranger = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
    const addr = peer.addr.replace(/\/p2p\/.*/, `/p2p/${stranger}`);
    const error: unknown = await lastValueFrom(host.dial(addr)).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('peer id mismatch');
    expect(host.connections.filter(({ remotePeer }) => remotePeer.equals(stranger))).toEqual([]);
  });
});
