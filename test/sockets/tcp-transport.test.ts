import { networkInterfaces } from 'node:os';
import { once } from 'node:events';
import { BehaviorSubject, firstValueFrom } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import { codeOf, Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { tcp } from '../../src/transports/tcp.js';
import {
  listening,
  openHandles,
  pair,
  pause,
  plainClient,
  plainServer,
  record,
  text,
  transport,
  until,
} from './sockets.js';

const PEER = '12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq';
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const hasIp6 = Object.values(networkInterfaces()).some((infos) =>
  infos?.some(({ address }) => address === '::1'),
);

let baseline = 0;
beforeEach(() => {
  baseline = openHandles();
});
afterEach(async () => {
  await until(() => openHandles() <= baseline);
});

describe('addresses', () => {
  it.each([
    ['/ip4/1.2.3.4/tcp/1', true, true],
    ['/ip6/::1/tcp/1', true, true],
    ['/ip6zone/eth0/ip6/fe80::1/tcp/1', true, true],
    ['/dns/example.org/tcp/1', true, false],
    ['/dns4/example.org/tcp/1', true, false],
    ['/dns6/example.org/tcp/1', true, false],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}`, true, true],
    ['/dnsaddr/example.org', false, false],
    ['/dnsaddr/example.org/tcp/1', false, false],
    ['/ip4/1.2.3.4/tcp/1/ws', false, false],
    ['/ip4/1.2.3.4/tcp/1/tls', false, false],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}/p2p-circuit`, false, false],
    ['/ip4/1.2.3.4/udp/1', false, false],
    ['/ip4/1.2.3.4', false, false],
    ['/memory/1', false, false],
    [`/p2p/${PEER}`, false, false],
  ])('%s can be dialed: %s, listened on: %s', (text, dial, listen) => {
    const addr = parseMultiaddr(text);
    expect([transport().canDial(addr), transport().canListen(addr)]).toEqual([dial, listen]);
  });

  it('that it cannot dial or listen on are refused by a typed error', async () => {
    const addr = parseMultiaddr('/memory/1');
    await expect(firstValueFrom(transport().dial(addr))).rejects.toHaveProperty(
      'code',
      'ERR_ADDR_UNSUPPORTED',
    );
    await expect(firstValueFrom(transport().listen(addr))).rejects.toHaveProperty(
      'code',
      'ERR_ADDR_UNSUPPORTED',
    );
  });
});

describe('options', () => {
  it.each([
    [{ noDelay: true }, /tcp has no option "noDelay" \(its value: true\)/],
    [{ backlog: -1 }, /tcp: backlog is -1/],
    [{ connectTimeoutMs: 'soon' }, /connectTimeoutMs is "soon"/],
    [{ keepAliveMs: Infinity }, /keepAliveMs/],
  ])('%j is refused, named with its value', (options, message) => {
    expect(() => tcp(options as object)).toThrow(message);
  });
});

describe('listening', () => {
  it('tells the port that it got', async () => {
    const { addrs, port, subscription } = await listening(transport());
    expect(addrs.map(String)).toEqual([`/ip4/127.0.0.1/tcp/${String(port)}`]);
    expect(port).toBeGreaterThan(0);
    subscription.unsubscribe();
  });

  it('ADDR-2, ADDR-13: everywhere tells the addresses of the interfaces, of its family only, none of them link-local', async () => {
    const of = (family: string): string[] =>
      Object.values(networkInterfaces())
        .flatMap((infos) => infos ?? [])
        .filter((info) => info.family === family && !/^fe[89ab]/.test(info.address))
        .map(({ address }) => address);
    const four = await listening(transport(), '/ip4/0.0.0.0/tcp/0');
    const tail = `/tcp/${String(four.port)}`;
    expect(four.addrs.map(String)).toEqual(of('IPv4').map((address) => `/ip4/${address}${tail}`));
    if (hasIp6) {
      // The same port: an IPv6 listener takes nothing from an IPv4 one.
      const six = await listening(transport(), `/ip6/::${tail}`);
      expect(six.addrs.map(String)).toEqual(of('IPv6').map((address) => `/ip6/${address}${tail}`));
      six.subscription.unsubscribe();
    }
    four.subscription.unsubscribe();
  });

  it('on a port in use errors and names it; the first listener is not disturbed', async () => {
    const first = await listening(transport());
    const error: unknown = await listening(transport(), String(first.addrs[0])).catch(
      (thrown: unknown) => thrown,
    );
    expect([codeOf(error), (error as Libp2pError).fault]).toEqual(['ERR_LISTEN_FAILED', 'local']);
    expect((error as Libp2pError).message).toContain(`${String(first.addrs[0])}: EADDRINUSE`);
    expect(codeOf((error as Libp2pError).cause)).toBe('EADDRINUSE');
    (await plainClient(first.port)).destroy();
    await first.accept().then(({ duplex }) => {
      duplex.sink.error(new Error('enough'));
    });
    first.subscription.unsubscribe();
  });

  it('on an address that is not ours errors and names it', async () => {
    const error: unknown = await listening(transport(), '/ip4/192.0.2.1/tcp/0').catch(
      (thrown: unknown) => thrown,
    );
    expect(codeOf(error)).toBe('ERR_LISTEN_FAILED');
    expect((error as Error).message).toContain('/ip4/192.0.2.1/tcp/0: EADDRNOTAVAIL');
  });

  it('ends with the subscription: the port is free again, what came through it lives on', async () => {
    const first = await listening(transport());
    const client = await plainClient(first.port);
    const { duplex } = await first.accept();
    first.subscription.unsubscribe();
    const again = await listening(transport(), String(first.addrs[0]));
    const seen = record(duplex);
    client.end('still here');
    expect([await seen.end, text(seen.chunks)]).toEqual(['complete', 'still here']);
    duplex.sink.complete();
    again.subscription.unsubscribe();
  });

  it('that is left before it is bound leaves no port open', async () => {
    const events: unknown[] = [];
    transport()
      .listen(parseMultiaddr('/ip4/127.0.0.1/tcp/0'))
      .subscribe((event) => events.push(event))
      .unsubscribe();
    await pause(50);
    expect([events, openHandles()]).toEqual([[], baseline]);
  });

  it('tells the addresses of both ends of what comes in', async () => {
    const { accept, port, subscription } = await listening(transport());
    const client = await plainClient(port);
    const { localAddr, remoteAddr, duplex } = await accept();
    expect([String(localAddr), String(remoteAddr)]).toEqual([
      `/ip4/127.0.0.1/tcp/${String(port)}`,
      `/ip4/127.0.0.1/tcp/${String(client.localPort)}`,
    ]);
    duplex.sink.error(new Error('enough'));
    client.destroy();
    subscription.unsubscribe();
  });

  it('bears 200 connections that are reset at once, and goes on accepting', async () => {
    const listener = await listening(transport());
    const clients = await Promise.all(Array.from({ length: 200 }, () => plainClient(listener.port)));
    clients.forEach((client) => client.resetAndDestroy());
    const last = await plainClient(listener.port);
    last.end('fine');
    // Whatever was accepted of the others has an error, not an end.
    for (let served = false; !served;) {
      const { duplex } = await listener.accept();
      const seen = record(duplex);
      served = (await seen.end) === 'complete';
      expect(text(seen.chunks)).toBe(served ? 'fine' : '');
      duplex.sink.complete();
    }
    listener.subscription.unsubscribe();
  });
});

describe('dialing', () => {
  it.each(['/ip4/127.0.0.1', '/dns4/localhost', '/dns/localhost'])('%s connects', async (host) => {
    const made = transport();
    const listener = await listening(made);
    const addr = parseMultiaddr(`${host}/tcp/${String(listener.port)}/p2p/${PEER}`);
    const { duplex, remoteAddr, localAddr } = await firstValueFrom(made.dial(addr));
    expect(String(remoteAddr)).toBe(`/ip4/127.0.0.1/tcp/${String(listener.port)}`);
    const far = await listener.accept();
    expect(String(far.remoteAddr)).toBe(String(localAddr));
    for (const end of [duplex, far.duplex]) end.sink.error(new Error('enough'));
    listener.subscription.unsubscribe();
  });

  (hasIp6 ? it : it.skip)('IPv6 connects', async () => {
    const made = transport();
    const listener = await listening(made, '/ip6/::1/tcp/0');
    const { duplex, remoteAddr } = await firstValueFrom(made.dial(listener.addrs[0]!));
    expect(String(remoteAddr)).toBe(`/ip6/::1/tcp/${String(listener.port)}`);
    const far = await listener.accept();
    for (const end of [duplex, far.duplex]) end.sink.error(new Error('enough'));
    listener.subscription.unsubscribe();
  });

  it('a port where nobody listens errors with the address and the system’s code', async () => {
    const { server, addr } = await plainServer(() => undefined);
    server.close();
    await once(server, 'close');
    const error: unknown = await firstValueFrom(transport().dial(addr)).catch((thrown: unknown) => thrown);
    expect([codeOf(error), (error as Libp2pError).fault]).toEqual(['ERR_TRANSPORT', 'network']);
    expect((error as Libp2pError).message).toContain(`${String(addr)}: ECONNREFUSED`);
    expect(codeOf((error as Libp2pError).cause)).toBe('ECONNREFUSED');
  });

  it('a name that does not exist errors with the name', async () => {
    const addr = parseMultiaddr('/dns4/nobody.invalid/tcp/1');
    const error: unknown = await firstValueFrom(transport({ connectTimeoutMs: 4000 }).dial(addr)).catch(
      (thrown: unknown) => thrown,
    );
    expect(['ERR_TRANSPORT', 'ERR_TIMEOUT']).toContain(codeOf(error));
    expect((error as Error).message).toContain('nobody.invalid');
  });

  it('that takes too long errors with its deadline, and leaves nothing', async () => {
    // A full backlog answers no more: the third connection and those after it hang.
    const { server, addr } = await plainServer(() => undefined);
    const error: unknown = await firstValueFrom(transport({ connectTimeoutMs: 0 }).dial(addr)).catch(
      (thrown: unknown) => thrown,
    );
    expect([codeOf(error), (error as Error).message]).toEqual([
      'ERR_TIMEOUT',
      expect.stringMatching(/tcp.*did not finish within 0 ms/),
    ]);
    server.close();
  });

  it('abandoned at any point leaves no socket, and says nothing more', async () => {
    const { server, addr } = await plainServer((socket) => socket.on('end', () => socket.end()).resume());
    const emitted: unknown[] = [];
    const observer = {
      next: (value: unknown) => emitted.push(value),
      error: (error: unknown) => emitted.push(error),
    };
    transport().dial(addr).subscribe(observer).unsubscribe();
    const later = transport().dial(addr).subscribe(observer);
    await Promise.resolve();
    later.unsubscribe();
    const named = transport().dial(parseMultiaddr('/dns4/localhost/tcp/1')).subscribe(observer);
    process.nextTick(() => {
      named.unsubscribe();
    });
    await pause(50);
    expect(emitted).toEqual([]);
    server.close();
    await until(() => openHandles() <= baseline);
  });
});

describe('bytes', () => {
  it('go both ways; pieces that belong together arrive in order; they are plain arrays', async () => {
    const { near, far, close } = await pair();
    const [nearSeen, farSeen] = [record(near.duplex), record(far.duplex)];
    near.duplex.sink.next(bytes('one '));
    near.duplex.sink.next(new Uint8ArrayList(bytes('two '), new Uint8Array(0), bytes('three')));
    near.duplex.sink.next(new Uint8Array(0));
    near.duplex.sink.next(new Uint8ArrayList());
    far.duplex.sink.next(bytes('back'));
    await until(() => text(farSeen.chunks) === 'one two three' && text(nearSeen.chunks) === 'back');
    expect(farSeen.chunks.every((chunk) => Object.getPrototypeOf(chunk) === Uint8Array.prototype)).toBe(true);
    close();
  });

  it('that came before anybody read wait', async () => {
    const { near, far, close } = await pair();
    near.duplex.sink.next(bytes('early'));
    await pause(50);
    const seen = record(far.duplex);
    await until(() => text(seen.chunks) === 'early');
    close();
  });

  it('come in order: 10,000 chunks of changing size', async () => {
    const { near, far, close } = await pair();
    const seen = record(far.duplex);
    let total = 0;
    const sent: Buffer[] = [];
    for (let i = 0; i < 10_000; i += 1) {
      const chunk = Buffer.alloc(4 + (i % 300));
      chunk.writeUInt32BE(i);
      total += chunk.byteLength;
      sent.push(chunk);
      near.duplex.sink.next(
        i % 3 === 0 ? new Uint8ArrayList(chunk.subarray(0, 2), chunk.subarray(2)) : chunk,
      );
    }
    near.duplex.sink.complete();
    expect([await seen.end, seen.byteLength]).toEqual(['complete', total]);
    expect(Buffer.concat(seen.chunks).equals(Buffer.concat(sent))).toBe(true);
    close();
  });

  it('come whole: one piece of 20 MiB, and a list of pieces of odd sizes about as long', async () => {
    const { near, far, close } = await pair();
    const seen = record(far.duplex);
    const large = Buffer.alloc(20 * 1024 * 1024, 'abcdefghijklm');
    const pieces = Array.from({ length: 500 }, (_, i) => Buffer.alloc(40_001 + i, i));
    near.duplex.sink.next(large);
    near.duplex.sink.next(new Uint8ArrayList(...pieces));
    near.duplex.sink.complete();
    expect(await seen.end).toBe('complete');
    expect(Buffer.concat(seen.chunks).equals(Buffer.concat([large, ...pieces]))).toBe(true);
    close();
  });

  it('echo', async () => {
    const { near, far, close } = await pair();
    far.duplex.read(far.duplex.room$).subscribe(far.duplex.sink);
    const seen = record(near.duplex);
    near.duplex.sink.next(bytes('hello'));
    near.duplex.sink.complete();
    expect([await seen.end, text(seen.chunks)]).toEqual(['complete', 'hello']);
    close();
  });
});

describe('back-pressure', () => {
  it('a reader that has no room holds up the writer, loses nothing, and holds little', async () => {
    const { near, far, close } = await pair();
    const room = new BehaviorSubject(false);
    let read = 0;
    far.duplex.read(room).subscribe({
      next: (chunk) => (read += chunk.byteLength),
      error: () => undefined,
    });
    const chunk = new Uint8Array(64 * 1024);
    let written = 0;
    let hasRoom = true;
    near.duplex.room$.subscribe((next) => (hasRoom = next));
    for (let quiet = 0; quiet < 20; quiet += 1) {
      while ((hasRoom as boolean) && written < 512 * 1024 * 1024) {
        near.duplex.sink.next(chunk);
        written += chunk.byteLength;
        quiet = 0;
      }
      await pause(5);
    }
    expect([hasRoom, read]).toEqual([false, 0]);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    room.next(true);
    await until(() => hasRoom && read === written);
    close();
  });

  it('says no above 256 KiB, and yes again once they are gone', async () => {
    const { near, far, close } = await pair();
    const seen: boolean[] = [];
    near.duplex.room$.subscribe((hasRoom) => seen.push(hasRoom));
    // More than the system takes at once.
    near.duplex.sink.next(new Uint8Array(32 * 1024 * 1024));
    expect(seen).toEqual([true, false]);
    record(far.duplex);
    await until(() => seen.length === 3);
    expect(seen).toEqual([true, false, true]);
    close();
  });

  it('a reader that leaves and comes back misses nothing', async () => {
    const { near, far, close } = await pair();
    const sent = Buffer.alloc(4 * 1024 * 1024, '0123456789');
    near.duplex.sink.next(sent);
    near.duplex.sink.complete();
    const got: Uint8Array[] = [];
    for (let turn = 0; turn < 5; turn += 1) got.push(await firstValueFrom(far.duplex.read()));
    const rest = record(far.duplex);
    expect(await rest.end).toBe('complete');
    expect(Buffer.concat([...got, ...rest.chunks]).equals(sent)).toBe(true);
    close();
  });
});
