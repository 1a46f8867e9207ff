import { lastValueFrom, merge, of, tap, toArray } from 'rxjs';
import { createHost, withStream, type DialEvent, type Host } from '../../src/index.js';
import { deadPortsBelow, type DeadPorts } from './dead-addrs.js';
import { Peer, type Implementation } from './peer.js';

/** The least that a host waits for a silent address by itself, ms: an end before that did not wait for one. */
const PATIENCE_MS = 5_000;

const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];
const pairs = implementations.flatMap((implementation) =>
  [false, true].map((insecure) => ({ implementation, insecure, over: insecure ? 'plaintext' : 'noise' })),
);

describe.each(pairs)('dialing $implementation over $over', ({ implementation, insecure }) => {
  let peer: Peer;
  let host: Host;
  let port: number;
  let id: string;
  beforeAll(async () => {
    peer = await Peer.start(implementation, { security: insecure ? 'plaintext' : 'noise' });
    const [, listened, name = ''] = /\/tcp\/(\d+)\/p2p\/(.+)$/.exec(peer.addr) ?? [];
    [port, id] = [Number(listened), name];
  });
  afterAll(() => peer.stop());
  beforeEach(async () => {
    host = await createHost({ listen: [], insecure });
  });
  afterEach(() => host.stop());

  const place = (at: number): string => `/ip4/127.0.0.1/tcp/${String(at)}`;
  const named = (addr: string): string => `${addr}/p2p/${id}`;
  /** Both are callers of the same dial. */
  const dialed = async (
    addrs: readonly string[],
  ): Promise<{ readonly events: readonly DialEvent[]; readonly remotePeer: string; readonly at: string }> => {
    const [events, { remotePeer, remoteAddr }] = await Promise.all([
      lastValueFrom(host.dialUpdates(addrs).pipe(toArray())),
      lastValueFrom(host.dial(addrs)),
    ]);
    return { events, remotePeer: String(remotePeer), at: String(remoteAddr) };
  };
  const addrsOf = (events: readonly DialEvent[], type: DialEvent['type']): string[] =>
    events.flatMap((event) => (event.type === type && 'addr' in event ? event.addr : [])).sort();
  const echo = async (sent: Uint8Array): Promise<Buffer> => {
    const exchanged$ = host.newStream(named(''), '/interop/echo/1', { noDial: true }).pipe(
      withStream((stream) => {
        const complete = (): void => {
          stream.complete();
        };
        return merge(stream.writeFrom(of(sent)).pipe(tap({ complete })), stream);
      }),
      toArray(),
    );
    return Buffer.concat(await lastValueFrom(exchanged$));
  };

  describe('behind two silent addresses and a refused one', () => {
    let dead: DeadPorts;
    beforeEach(async () => {
      dead = await deadPortsBelow(port);
    });
    afterEach(() => {
      dead.stop();
    });
    const addrs = (): string[] =>
      [dead.silent[0], dead.refused, dead.silent[1], port].map((at) => place(Number(at)));

    it('the good one wins, and every dead one is told', async () => {
      const { events, remotePeer, at } = await dialed(addrs().map(named));
      expect({ remotePeer, at }).toEqual({ remotePeer: id, at: place(port) });
      expect(addrsOf(events, 'dial:attempt')).toEqual(addrs().sort());
      expect(addrsOf(events, 'dial:fail')).toEqual([place(dead.refused)]);
      expect(addrsOf(events, 'dial:cancel')).toEqual(dead.silent.map(place).sort());
      expect(addrsOf(events, 'dial:connect')).toEqual([place(port)]);
    });

    it('the silent ones are dialed first, and not waited for', async () => {
      const { events } = await dialed(addrs().map(named));
      expect(events.find(({ type }) => type === 'dial:attempt')).toMatchObject({ addr: addrs()[0] });
      expect(events.find(({ type }) => type === 'dial:fail')).toMatchObject({
        message: expect.stringContaining('ECONNREFUSED') as string,
      });
      const end = events.at(-1);
      expect(end).toMatchObject({ type: 'dial:end', outcome: 'connected' });
      expect(end?.type === 'dial:end' && end.afterMs).toBeLessThan(PATIENCE_MS);
    });

    it('a stream on the connection that won carries both ways', async () => {
      await dialed(addrs().map(named));
      expect(host.connections).toHaveLength(1);
      expect((await echo(Buffer.from('hello'))).toString()).toBe('hello');
    });
  });

  it('by the name of this machine', async () => {
    const { events, at } = await dialed([named(`/dns4/localhost/tcp/${String(port)}`)]);
    expect(events.find(({ type }) => type === 'dial:resolve')).toMatchObject({ answers: [place(port)] });
    expect(at).toBe(place(port));
    expect((await echo(Buffer.from('hello'))).toString()).toBe('hello');
  });

  it('an address that is somebody else’s is no connection', async () => {
    const stranger = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
    await expect(lastValueFrom(host.dial(`${place(port)}/p2p/${stranger}`))).rejects.toMatchObject({
      code: 'ERR_DIAL_FAILED',
    });
    expect(host.connections).toHaveLength(0);
  });
});
