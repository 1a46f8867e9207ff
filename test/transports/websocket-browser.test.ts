/** WebSockets through a platform's class, of which the test holds the other end; in virtual time. */
import { VirtualTimeScheduler } from 'rxjs';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { RawConnection } from '../../src/core/parts.js';
import { webSocket } from '../../src/index.browser.js';
import { seededRandom } from '../../src/testing.js';
import { record } from '../support/duplex-pair.js';

const ADDR = parseMultiaddr('/dns4/example.com/tcp/443/tls/ws');
const MIB = 1024 * 1024;

class FakeSocket {
  static made: FakeSocket[] = [];
  binaryType = 'blob';
  bufferedAmount = 0;
  sent: Uint8Array[] = [];
  closedWith: number | undefined;
  isClosed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { readonly code: number }) => void) | null = null;

  constructor(readonly url: string) {
    if (url.includes('forbidden')) throw new DOMException('insecure', 'SecurityError');
    FakeSocket.made.push(this);
  }

  send(data: Uint8Array): void {
    this.sent.push(data);
    this.bufferedAmount += data.byteLength;
  }

  close(code?: number): void {
    this.isClosed = true;
    this.closedWith = code;
  }

  /** So many bytes arrive. */
  give(byteLength: number): void {
    this.onmessage?.({ data: new ArrayBuffer(byteLength) });
  }
}

const bench = (to = ADDR) => {
  const scheduler = new VirtualTimeScheduler();
  FakeSocket.made = [];
  const transport = webSocket({ WebSocket: FakeSocket }).create({ scheduler, random: seededRandom(1) });
  const got: RawConnection[] = [];
  let failure: unknown;
  const attempt = transport.dial(to).subscribe({
    next: (connection) => got.push(connection),
    error: (error: unknown) => (failure = error),
  });
  let now = 0;
  return {
    socket: () => FakeSocket.made[0]!,
    got,
    attempt,
    failure: () => failure,
    pass: (ms: number) => {
      now += ms;
      scheduler.maxFrames = now;
      scheduler.schedule(() => undefined, now - scheduler.frame);
      scheduler.flush();
    },
  };
};
const opened = () => {
  const made = bench();
  made.socket().onopen?.();
  return { ...made, duplex: made.got[0]!.duplex };
};

describe('a browser’s WebSocket', () => {
  it('opens the URL of the address, for binary data, and says where it is', () => {
    const { socket, got } = opened();
    expect(socket()).toMatchObject({ url: 'wss://example.com:443/', binaryType: 'arraybuffer' });
    expect(got[0]?.remoteAddr.toString()).toBe('/dns4/example.com/tcp/443/tls/ws');
  });

  it('[W18] fails with what is known where the platform hides the reason', () => {
    const { socket, failure } = bench();
    socket().onerror?.();
    socket().onclose?.({ code: 1006 });
    expect(failure()).toMatchObject({ code: 'ERR_TRANSPORT', fault: 'network' });
    expect(String(failure())).toMatch(/closed with code 1006, and the platform says no more/);
    expect(FakeSocket.made).toHaveLength(1);
  });

  it('fails with the platform’s word for what a page may not ask for', () => {
    const { failure } = bench(parseMultiaddr('/dns4/forbidden.example/tcp/80/ws'));
    expect(failure()).toMatchObject({ code: 'ERR_TRANSPORT', fault: 'local' });
    expect(String(failure())).toMatch(/insecure/);
  });

  it('gives up after ten seconds, and closes', () => {
    const { socket, failure, pass } = bench();
    pass(9_999);
    expect(failure()).toBeUndefined();
    pass(1);
    expect(failure()).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(socket().isClosed).toBe(true);
  });

  it('closes what is given up, and takes no notice of it any more', () => {
    const { socket, attempt, got } = bench();
    attempt.unsubscribe();
    expect(socket().isClosed).toBe(true);
    socket().onopen?.();
    expect(got).toEqual([]);
  });

  it('carries bytes both ways, and ends in order', () => {
    const { socket, duplex, got } = opened();
    const heard = record(duplex);
    duplex.sink.next(Uint8Array.of(1, 2, 3));
    socket().give(5);
    duplex.sink.complete();
    duplex.sink.next(Uint8Array.of(4));
    expect([socket().sent.map((bytes) => [...bytes]), socket().closedWith]).toEqual([[[1, 2, 3]], 1000]);
    expect(heard.bytes()).toHaveLength(5);
    expect(got[0]?.heardBytes?.()).toBe(5);
    socket().onclose?.({ code: 1000 });
    expect(heard.ended()).toBe('complete');
  });

  it.each([
    [1000, 'complete'],
    [1005, 'complete'],
    [1001, 'ERR_TRANSPORT'],
    [1006, 'ERR_TRANSPORT'],
    [4000, 'ERR_TRANSPORT'],
  ])('[W14] closed with %d: %s', (code, how) => {
    const { socket, duplex } = opened();
    const heard = record(duplex);
    socket().onclose?.({ code });
    const ended = heard.ended();
    expect(ended instanceof Error && 'code' in ended ? ended.code : ended).toBe(how);
  });

  it('[W8] ends where text comes', () => {
    const { socket, duplex } = opened();
    const heard = record(duplex);
    socket().onmessage?.({ data: 'hello' });
    expect(heard.ended()).toMatchObject({ code: 'ERR_TRANSPORT', fault: 'remote' });
    expect(socket().closedWith).toBe(4000);
  });

  it('tells the other end of no orderly end when it is destroyed', () => {
    const { socket, duplex } = opened();
    duplex.sink.error(new Error('on purpose'));
    expect(socket().closedWith).toBe(4000);
  });

  it('[W16] has no room above 1 MiB that waits, and has it again at half of that', () => {
    const { socket, duplex, pass } = opened();
    const rooms: boolean[] = [];
    duplex.room$.subscribe((room) => rooms.push(room));
    duplex.sink.next(new Uint8Array(MIB));
    expect(rooms).toEqual([true]);
    duplex.sink.next(new Uint8Array(1));
    expect(rooms).toEqual([true, false]);
    socket().bufferedAmount = MIB / 2 + 1;
    pass(50);
    expect(rooms).toEqual([true, false]);
    socket().bufferedAmount = MIB / 2;
    pass(20);
    expect(rooms).toEqual([true, false, true]);
  });

  it('[W16] ends a connection that takes nothing for ten seconds, and none that takes a little', () => {
    const { socket, duplex, pass } = opened();
    const heard = record(duplex);
    duplex.sink.next(new Uint8Array(2 * MIB));
    for (let at = 0; at < 12; at += 1) {
      pass(1_000);
      socket().bufferedAmount -= 1;
    }
    expect(heard.ended()).toBeUndefined();
    pass(10_020);
    expect(heard.ended()).toMatchObject({ code: 'ERR_WRITE_STALLED' });
  });

  it('[W16] ends a connection into which more is written than 4 MiB that wait', () => {
    const { duplex } = opened();
    const heard = record(duplex);
    for (let at = 0; at < 5; at += 1) duplex.sink.next(new Uint8Array(MIB));
    expect(heard.ended()).toBeUndefined();
    duplex.sink.next(new Uint8Array(MIB));
    expect(heard.ended()).toMatchObject({ code: 'ERR_LIMIT', fault: 'local' });
  });

  it('[W16] ends a connection of which 4 MiB have come and nobody reads', () => {
    const { socket, duplex } = opened();
    socket().give(4 * MIB);
    expect(socket().isClosed).toBe(false);
    socket().give(1);
    expect(socket().closedWith).toBe(4000);
    expect(record(duplex).ended()).toMatchObject({ code: 'ERR_LIMIT', fault: 'remote' });
  });
});
