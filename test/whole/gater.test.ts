import { concat, lastValueFrom, map, NEVER, of, take, timer, toArray } from 'rxjs';
import {
  allowDeny,
  DialError,
  ofType,
  parseMultiaddr,
  peerIdFrom,
  type Connection,
  type ConnectionGater,
  type Duplex,
  type Host,
  type HostEvent,
} from '../../src/index.js';
import type { ListenEvent, Transport } from '../../src/core/parts.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

let net: SimulatedNetwork;
const told: HostEvent[] = [];
beforeEach(() => {
  told.length = 0;
  net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
});
const gated = (gater: Partial<ConnectionGater>): Promise<Host> =>
  net.createHost({ gater, events: { next: (event) => told.push(event) } });
const failure = (host: Host, to: Host): Promise<DialError> =>
  net.runUntil(
    lastValueFrom(host.dial(to.addrs)).then(
      () => Promise.reject(new Error('it connected')),
      (error: unknown) => error as DialError,
    ),
  );
const types = (): string[] => told.map(({ type }) => type);
const refusals = (): unknown[] =>
  told.flatMap((event) =>
    event.type === 'connection:refuse' ? [[event.stage, event.code, event.addr]] : [],
  );

describe('[GATE-1] a host whose gater refuses', () => {
  it('the peer dials nothing, and the dial’s error says so', async () => {
    const [a, b] = [await gated({ allowDialPeer: () => false }), await net.createHost()];
    expect(await failure(a, b)).toMatchObject({ code: 'ERR_GATED' });
    expect(types()).not.toContain('dial:attempt');
    expect(refusals()).toEqual([]);
  });

  it('the address dials nothing, and the dial’s error has it', async () => {
    const [a, b] = [await gated({ allowDialAddr: () => false }), await net.createHost()];
    expect((await failure(a, b)).errors).toMatchObject([{ error: { code: 'ERR_GATED' } }]);
    expect(types()).not.toContain('dial:attempt');
    expect(refusals()).toEqual([]);
  });

  it('[S15] what comes in, before it reads a byte', async () => {
    const asked: string[] = [];
    const a = await gated({
      allowAccept: ({ localAddr, remoteAddr }) => {
        asked.push(`${localAddr.toString()} ${remoteAddr.toString()}`);
        return false;
      },
      allowSecured: () => {
        throw new Error('asked for what was never secured');
      },
    });
    const b = await net.createHost();
    expect(await failure(b, a)).toMatchObject({ code: 'ERR_DIAL_FAILED' });
    expect(asked).toEqual(['/memory/1 /memory/2']);
    expect(refusals()).toEqual([['accept', 'ERR_GATED', '/memory/2']]);
    expect(types()).not.toContain('connection:open');
    // Connecting took a round trip; the refusal came with its end.
    expect(net.now()).toBe(10);
  });

  it('[S15] what comes in, of which nothing is ever read', async () => {
    const done: string[] = [];
    const duplex: Duplex = {
      read: () => {
        done.push('read');
        return NEVER;
      },
      sink: {
        next: () => done.push('write'),
        complete: () => done.push('end'),
        error: () => done.push('destroy'),
      },
      room$: of(true),
    };
    const addr = parseMultiaddr('/ip6/::ffff:10.0.0.1/tcp/9');
    const listening: ListenEvent = { type: 'listening', addrs: [addr] };
    const inbound: ListenEvent = {
      type: 'inbound',
      connection: { duplex, localAddr: addr, remoteAddr: addr },
    };
    const transport: Transport = {
      name: 'fake',
      canDial: () => false,
      canListen: () => true,
      dial: () => NEVER,
      listen: () => concat(of(listening), timer(1, net.scheduler).pipe(map(() => inbound)), NEVER),
    };
    const fake = { kind: 'transport', name: 'fake', create: () => transport } as const;
    const host = await net.createHost({ transports: [fake], gater: allowDeny({ deny: ['10.0.0.1'] }) });
    const told$ = host.event$.pipe(ofType('connection:refuse'), take(1));
    expect((await net.runUntil(told$)).stage).toBe('accept');
    expect(done).toEqual(['destroy']);
  });

  it('a peer that came in, once it has proven who it is, before its connection is muxed', async () => {
    const asked: unknown[] = [];
    const b = await net.createHost();
    const a = await gated({
      allowSecured: (direction, peer, { remoteAddr }) => {
        asked.push([direction, peer.toString(), remoteAddr.toString()]);
        return false;
      },
      allowUpgraded: () => {
        throw new Error('asked for what was never upgraded');
      },
    });
    b.dial(a.addrs).subscribe({ error: () => undefined });
    await net.advance(1_000);
    expect(asked).toEqual([['inbound', b.peerId.toString(), '/memory/1']]);
    expect(refusals()).toEqual([['secured', 'ERR_GATED', '/memory/1']]);
    expect([types().includes('connection:open'), a.connections, b.connections]).toEqual([false, [], []]);
  });

  it('a peer that it dialed, once it has proven who it is', async () => {
    const directions: string[] = [];
    const a = await gated({
      allowSecured: (direction) => {
        directions.push(direction);
        return false;
      },
    });
    const b = await net.createHost();
    expect((await failure(a, b)).errors).toMatchObject([{ error: { code: 'ERR_GATED' } }]);
    expect(directions).toEqual(['outbound']);
    expect(refusals()).toEqual([['secured', 'ERR_GATED', '/memory/2']]);
    await net.advance(1_000);
    expect([a.connections, b.connections]).toEqual([[], []]);
  });

  it.each([['inbound'], ['outbound']] as const)(
    '[CONN-1.3] an %s connection that is upgraded: nobody hears of it, nothing is stored, and the remote is told 0x1007',
    async (direction) => {
      let seen: Connection | undefined;
      const a = await gated({
        allowUpgraded: (connection) => {
          seen = connection;
          expect([a.connections, a.peers]).toEqual([[], []]);
          return false;
        },
      });
      const b = await net.createHost();
      const snapshots: number[] = [];
      a.connections$.subscribe(({ length }) => snapshots.push(length));
      const closed = b.event$.pipe(ofType('connection:close'));
      const codes: unknown[] = [];
      closed.subscribe(({ code, by, connection }) => {
        codes.push([by, code]);
        connection.closed$.subscribe((reason) => codes.push(reason.code));
      });
      if (direction === 'outbound')
        expect((await failure(a, b)).errors).toMatchObject([{ error: { code: 'ERR_GATED' } }]);
      else b.dial(a.addrs).subscribe({ error: () => undefined });
      await net.advance(2_000);
      expect([seen?.direction, seen?.remotePeer.equals(b.peerId)]).toEqual([direction, true]);
      expect(refusals()).toEqual([['upgraded', 'ERR_GATED', '/memory/2']]);
      expect(types().filter((type) => /^(connection:(open|close)|peer:|stream:)/.test(type))).toEqual([]);
      expect(snapshots).toEqual([0]);
      expect(codes).toEqual([['remote', 'ERR_GO_AWAY'], 0x1007]);
    },
  );
});

describe('a hook', () => {
  const oops = (): never => {
    throw new Error('oops');
  };
  it.each<[string, Partial<ConnectionGater>, string]>([
    ['allowAccept', { allowAccept: oops }, 'accept'],
    ['allowSecured', { allowSecured: oops }, 'secured'],
    ['allowUpgraded', { allowUpgraded: oops }, 'upgraded'],
  ])('%s that throws has refused', async (_, gater, stage) => {
    const [a, b] = [await gated(gater), await net.createHost()];
    b.dial(a.addrs).subscribe({ error: () => undefined });
    await net.advance(1_000);
    expect(a.connections).toEqual([]);
    expect(told.filter(({ type }) => type === 'connection:refuse')).toMatchObject([
      { stage, code: 'ERR_GATED', message: 'the gater threw: oops' },
    ]);
  });

  it.each<[string, Partial<ConnectionGater>]>([
    ['allowDialPeer', { allowDialPeer: oops }],
    ['allowDialAddr', { allowDialAddr: oops }],
  ])('%s that throws has refused', async (_, gater) => {
    const [a, b] = [await gated(gater), await net.createHost()];
    expect((await failure(a, b)).message).toContain('the gater threw: oops');
  });

  it('that answers with a promise has refused, whatever becomes of it', async () => {
    const asynchronous = { allowAccept: () => Promise.resolve(true) } as unknown as ConnectionGater;
    const [a, b] = [await gated(asynchronous), await net.createHost()];
    await failure(b, a);
    expect(told.find(({ type }) => type === 'connection:refuse')).toMatchObject({ code: 'ERR_GATED' });
  });

  it('[GATE-2] that is missing allows, and so does one that says so; they are asked in order', async () => {
    const asked: string[] = [];
    const all = new Proxy({} as ConnectionGater, {
      get: (_target, name) => () => {
        asked.push(String(name));
        return true;
      },
    });
    const [a, b] = [await gated(all), await net.createHost({ gater: {} })];
    await net.runUntil(a.dial(b.addrs));
    expect(asked).toEqual(['allowDialPeer', 'allowDialAddr', 'allowSecured', 'allowUpgraded']);
    asked.length = 0;
    const c = await net.createHost();
    await net.runUntil(c.dial(a.addrs));
    await net.advance(100);
    expect(asked).toEqual(['allowAccept', 'allowSecured', 'allowUpgraded']);
  });

  it('is a method of its gater, which may be of a class', async () => {
    class Doorman {
      private readonly guests = new Set<string>();
      letIn(peer: string): void {
        this.guests.add(peer);
      }
      allowSecured(_direction: string, peer: { toString(): string }): boolean {
        return this.guests.has(peer.toString());
      }
    }
    const doorman = new Doorman();
    const [a, b] = [await gated(doorman), await net.createHost()];
    doorman.letIn(b.peerId.toString());
    b.dial(a.addrs).subscribe();
    await net.advance(1_000);
    expect(a.peers.map(String)).toEqual([b.peerId.toString()]);
  });

  it('that is misspelt is no option', async () => {
    await expect(gated({ allowAcept: () => false } as Partial<ConnectionGater>)).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('gater.allowAcept') as string,
    });
    await expect(gated(7 as Partial<ConnectionGater>)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  });
});

describe('allowDeny, at work', () => {
  it('[GATE-3, GATE-4] keeps a peer out, in both directions, and leaves its connection', async () => {
    const gater = allowDeny();
    const [a, b] = [await gated(gater), await net.createHost()];
    const connection = await net.runUntil(b.dial(a.addrs));
    await net.advance(100);
    gater.deny(b.peerId);
    await net.advance(1_000);
    expect(a.connections).toHaveLength(1);
    await net.runUntil(connection.close());
    await net.advance(1_000);
    expect(await failure(a, b)).toMatchObject({ code: 'ERR_GATED' });
    b.dial(a.addrs).subscribe({ error: () => undefined });
    await net.advance(1_000);
    expect([a.connections, refusals()]).toEqual([[], [['secured', 'ERR_GATED', '/memory/2']]]);
    gater.forget(b.peerId);
    b.clearDialBackoff();
    await net.runUntil(b.dial(a.addrs));
  });

  it('shows its refusals in the events of a dial', async () => {
    const [a, b] = [await gated(allowDeny({ otherwise: { addrs: 'deny' } })), await net.createHost()];
    const events = await net.runUntil(lastValueFrom(a.dialUpdates(b.addrs).pipe(toArray())));
    expect(events).toMatchObject([
      { type: 'dial:start' },
      { type: 'dial:refuse', code: 'ERR_GATED' },
      { type: 'dial:end', outcome: 'failed' },
    ]);
    expect(peerIdFrom(events[0]!.peer).equals(b.peerId)).toBe(true);
  });
});
