/** Reliability sheet, 5.6: one test or more a line, raw frames against one end of ours. */
import fc from 'fast-check';
import { BehaviorSubject, Subject } from 'rxjs';
import { concatBytes, toHex, utf8 } from '../../src/core/bytes.js';
import type { Bytes, CloseReason, Duplex } from '../../src/core/duplex.js';
import { Libp2pError, StreamResetError } from '../../src/core/errors.js';
import { Slab } from '../../src/protocols/yamux/batch.js';
import { Heartbeats } from '../../src/protocols/yamux/heartbeat.js';
import { DEFAULT_LIMITS } from '../../src/protocols/yamux/limits.js';
import { YamuxSession } from '../../src/protocols/yamux/session.js';
import { yamux } from '../../src/protocols/yamux/yamux.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { codeThrownBy, cut, fromHex } from '../support/vectors.js';
import { against, bench, Recorder } from '../support/yamux-bench.js';

const [DATA, WINDOW_UPDATE, PING, GO_AWAY] = [0, 1, 2, 3];
const [SYN, ACK, FIN, RST] = [1, 2, 4, 8];
const WINDOW = 256 * 1024;
const PROTOCOL_VIOLATION = 0x1004;
const RESOURCE_LIMIT = 0x1002;
const SHUTDOWN = 0x1007;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const frame = (type: number, flags: number, streamId: number, length: number): string =>
  `00${hex(type, 2)}${hex(flags, 4)}${hex(streamId, 8)}${hex(length, 8)}`;
const data = (streamId: number, byteLength: number, flags = 0): string =>
  frame(DATA, flags, streamId, byteLength) + '61'.repeat(byteLength);
const syn = (streamId: number): string => frame(WINDOW_UPDATE, SYN, streamId, 0);
const fin = (streamId: number): string => frame(WINDOW_UPDATE, FIN, streamId, 0);
const rst = (streamId: number, code = 0): string => frame(WINDOW_UPDATE, RST, streamId, code);
const oddIds = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => from + 2 * i);

/** The connection died of a protocol error that `what` describes, said so, and said it once. */
function expectViolation(peer: ReturnType<typeof against>, what: RegExp): void {
  expect(peer.closed).toMatchObject([
    { by: 'local', code: 1, error: { code: 'ERR_YAMUX', fault: 'remote' } },
  ]);
  expect(peer.closed[0]?.error).toBeInstanceOf(Libp2pError);
  expect(peer.closed[0]?.error?.message).toMatch(what);
  expect(peer.sent().endsWith(frame(GO_AWAY, 0, 0, 1))).toBe(true);
  expect(peer.session.streamCount).toBe(0);
  for (const { told, error } of peer.streams)
    if (told.at(-1) === `reset by local ${String(SHUTDOWN)}`) expect(error).toBe(peer.closed[0]?.error);
}

/** A channel whose other end takes nothing, or as much as `room` says. */
function stuck(role: 'client' | 'server', room = new BehaviorSubject(false), firstStreamId?: number) {
  const clock = new VirtualClock();
  const incoming = new Subject<Bytes>();
  const writes: string[] = [];
  const duplex: Duplex = {
    read: () => incoming,
    room$: room,
    sink: {
      next: (bytes) => writes.push(toHex(bytes instanceof Uint8Array ? bytes : bytes.subarray())),
      error: () => undefined,
      complete: () => undefined,
    },
  };
  const streams: Recorder[] = [];
  const closed: CloseReason[] = [];
  const session = new YamuxSession(
    duplex,
    role,
    { onStream: (muxed) => streams.push(new Recorder(muxed)), onClose: (reason) => closed.push(reason) },
    {
      scheduler: clock,
      limits: DEFAULT_LIMITS,
      slab: new Slab(),
      heartbeats: new Heartbeats(clock),
      ...(firstStreamId === undefined ? {} : { firstStreamId }),
    },
  );
  session.start();
  const settle = (): void => {
    while (clock.nextAt === clock.now()) clock.step();
  };
  settle();
  return {
    session,
    streams,
    closed,
    room,
    written: () => writes.join(''),
    writes,
    settle,
    send: (frames: string): void => {
      incoming.next(fromHex(frames));
      settle();
    },
  };
}

describe('frames that no peer may send end the connection with go-away 1', () => {
  it.each([
    ['Y1: version 1', '01' + syn(1).slice(2), /version 1/],
    ['Y1: version 255', 'ff' + syn(1).slice(2), /version 255/],
    ...[4, 5, 128, 255].map((type): [string, string, RegExp] => [
      `Y2: type ${String(type)}`,
      frame(type, 0, 0, 0),
      new RegExp(`unknown type ${String(type)}$`),
    ]),
    ['Y4: data on stream 0', data(0, 1), /stream 0/],
    ['Y4: a window update on stream 0', frame(WINDOW_UPDATE, 0, 0, 1), /stream 0/],
    ['Y5: a ping on stream 1', frame(PING, SYN, 1, 0), /a ping on stream 1/],
    ['Y5: a go-away on stream 3', frame(GO_AWAY, 0, 3, 0), /a go-away on stream 3/],
    ['Y6: a SYN with an id of ours', syn(2), /stream 2, an id of ours/],
    ['Y6: data with a SYN and an id of ours', data(2, 3, SYN), /stream 2, an id of ours/],
    ['Y7: a SYN for an open stream', syn(1) + syn(1), /stream 1, which is open/],
    ['Y7: a SYN for a stream that is half closed', syn(1) + fin(1) + syn(1), /stream 1, which is open/],
  ])('%s', (_, frames, what) => {
    const peer = against('server');
    peer.send(frames);
    expectViolation(peer, what);
  });

  it('Y1, Y2: takes every stream along, each with the same cause', () => {
    const peer = against('server');
    peer.send(syn(1) + syn(3));
    peer.send(frame(9, 0, 0, 0));
    expectViolation(peer, /type 9/);
    expect(peer.streams.map(({ told }) => told)).toEqual([
      [`reset by local ${String(SHUTDOWN)}`],
      [`reset by local ${String(SHUTDOWN)}`],
    ]);
    expect(peer.streams[0]?.error).toBe(peer.closed[0]?.error);
  });

  it('Y1: what follows the offence in the same chunk is not looked at', () => {
    const peer = against('server');
    peer.send('01' + syn(1).slice(2) + syn(3) + data(3, 5));
    expect(peer.streams).toEqual([]);
    expect(peer.closed).toHaveLength(1);
  });
});

describe('odd frames', () => {
  it('Y3: undefined flag bits are ignored, and the known bits beside them are honoured', () => {
    const peer = against('server');
    peer.send(frame(WINDOW_UPDATE, 0xfff0 | SYN, 1, 0) + frame(WINDOW_UPDATE, 0xfff0, 1, 0));
    expect(peer.streams.map(({ told }) => told)).toEqual([[]]);
    peer.send(frame(DATA, 0x8000 | FIN, 1, 0));
    expect(peer.streams[0]?.told).toEqual(['end']);
    peer.send(frame(PING, 0xfff0 | SYN, 0, 7));
    expect(peer.sent().endsWith(frame(PING, ACK, 0, 7))).toBe(true);
    expect(peer.closed).toEqual([]);
  });

  it('Y14: FIN twice, RST twice, RST after FIN, ACK twice and ACK without SYN change nothing twice', () => {
    const peer = against('server');
    peer.send(syn(1) + frame(WINDOW_UPDATE, ACK, 1, 0) + frame(WINDOW_UPDATE, ACK, 1, 0) + fin(1) + fin(1));
    expect(peer.streams[0]?.told).toEqual(['end']);
    peer.send(rst(1, 5) + rst(1, 6) + fin(1) + frame(WINDOW_UPDATE, ACK, 77, 0) + rst(77) + fin(77));
    expect(peer.streams[0]?.told).toEqual(['end', 'reset by remote 5']);
    expect([peer.streams.length, peer.closed, peer.session.streamCount]).toEqual([1, [], 0]);
    peer.send(syn(3) + data(3, 4));
    expect(peer.streams[1]?.bytes.toString()).toBe('aaaa');
  });

  it('Y14: an ACK for a stream of ours that never left counts for nothing', () => {
    const room = new BehaviorSubject(false);
    const peer = stuck('client', room);
    const silent = new Recorder(peer.session.open());
    silent.muxed.write(utf8('x'));
    peer.send(frame(WINDOW_UPDATE, ACK, 1, 0) + data(1, 3) + frame(WINDOW_UPDATE, ACK | FIN, 1, 0) + rst(1));
    expect([silent.told, silent.chunks, peer.session.streamCount]).toEqual([[], [], 1]);
    silent.muxed.reset(new Error('enough'));
    // The bound of unacknowledged streams is where it was.
    room.next(true);
    for (let opened = 0; opened < 256; opened += 1) new Recorder(peer.session.open()).muxed.write(utf8('x'));
    peer.settle();
    expect([peer.session.canOpen, codeThrownBy(() => peer.session.open())]).toEqual([false, 'ERR_LIMIT']);
  });

  it('Y17: a million window updates of nothing change nothing and are answered by nothing', () => {
    const peer = against('server');
    peer.send(syn(1));
    const before = peer.sent();
    const chunk = fromHex(frame(WINDOW_UPDATE, 0, 1, 0).repeat(10_000));
    for (let sent = 0; sent < 100; sent += 1) {
      peer.far.sink.next(chunk);
      peer.settle();
    }
    expect([peer.closed, peer.streams[0]?.told, peer.sent()]).toEqual([[], [], before]);
  });

  it('Y18: a million data frames of nothing change nothing and are answered by nothing', () => {
    const peer = against('server');
    peer.send(syn(1));
    const before = peer.sent();
    const chunk = fromHex(frame(DATA, 0, 1, 0).repeat(10_000));
    for (let sent = 0; sent < 100; sent += 1) {
      peer.far.sink.next(chunk);
      peer.settle();
    }
    expect([peer.closed, peer.streams[0]?.told, peer.sent()]).toEqual([[], [], before]);
    expect(peer.streams[0]?.chunks).toEqual([]);
  });

  it('Y23: an answer to a ping that was not sent, or with another value, is no round trip', () => {
    const peer = against('server');
    peer.send(frame(PING, ACK, 0, 99) + frame(PING, ACK, 0, 1) + frame(PING, 0, 0, 2));
    expect([peer.closed, peer.session.rttMs]).toEqual([[], undefined]);
    peer.send(frame(PING, ACK, 0, 0), 4);
    expect(peer.session.rttMs).toBe(0);
  });
});

describe('Y15: every combination of flags, of both kinds of frame, in every state', () => {
  interface Case {
    readonly type: number;
    readonly flags: number;
    readonly byteLength: number;
  }
  const has = (flags: number, flag: number): boolean => (flags & flag) !== 0;
  /** What a stream that is open, or half closed, hears of a frame without SYN. */
  const heard = ({ type, flags, byteLength }: Case, ended: boolean): string[] => {
    const told = ended ? ['end'] : [];
    if (type === DATA && byteLength > 0 && ended)
      return [...told, `reset by local ${String(PROTOCOL_VIOLATION)}`];
    // A window update with RST is a reset with a code, whatever else it says.
    if (type === WINDOW_UPDATE && has(flags, RST)) return [...told, `reset by remote ${String(byteLength)}`];
    if (has(flags, FIN) && !ended) told.push('end');
    if (has(flags, RST)) told.push('reset by remote 0');
    return told;
  };
  const cases: Case[] = [DATA, WINDOW_UPDATE].flatMap((type) =>
    [0, 3].flatMap((byteLength) =>
      Array.from({ length: 16 }, (_, flags): Case => ({ type, flags, byteLength })),
    ),
  );
  const bytesOf = ({ type, flags, byteLength }: Case, streamId: number): string =>
    type === DATA ? data(streamId, byteLength, flags) : frame(type, flags, streamId, byteLength);

  it.each(cases)('of a stream that never was: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('server', false);
    peer.send(bytesOf(odd, 1));
    const opens = has(odd.flags, SYN) && !has(odd.flags, RST);
    expect(peer.closed).toEqual([]);
    expect(peer.streams.map(({ told }) => told)).toEqual(opens ? [has(odd.flags, FIN) ? ['end'] : []] : []);
    expect(peer.streams.map(({ bytes }) => bytes.byteLength)).toEqual(
      opens ? [odd.type === DATA ? odd.byteLength : 0] : [],
    );
    expect(peer.session.streamCount).toBe(opens ? 1 : 0);
  });

  it.each(cases)('of an open stream: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('server', false);
    peer.send(syn(1));
    peer.send(bytesOf(odd, 1));
    if (has(odd.flags, SYN)) expectViolation(peer, /which is open/);
    else {
      expect([peer.closed, peer.streams[0]?.told]).toEqual([[], heard(odd, false)]);
      expect(peer.session.streamCount).toBe(has(odd.flags, RST) ? 0 : 1);
    }
  });

  it.each(cases)('of a stream that the remote ended: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('server', false);
    peer.send(syn(1) + fin(1));
    peer.send(bytesOf(odd, 1));
    if (has(odd.flags, SYN)) expectViolation(peer, /which is open/);
    else expect([peer.closed, peer.streams[0]?.told]).toEqual([[], heard(odd, true)]);
  });

  it.each(cases)('of a stream that we ended: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('server', false);
    peer.send(syn(1));
    peer.streams[0]?.muxed.end();
    peer.settle();
    peer.send(bytesOf(odd, 1));
    if (has(odd.flags, SYN)) {
      expectViolation(peer, /which is open/);
      return;
    }
    const resets = has(odd.flags, RST);
    // Data with FIN and RST has ended in order before it is reset.
    const inOrder = has(odd.flags, FIN) && !(resets && odd.type === WINDOW_UPDATE);
    const told = inOrder ? ['end', 'closed'] : heard(odd, false);
    expect([peer.closed, peer.streams[0]?.told]).toEqual([[], told]);
    expect(peer.session.streamCount).toBe(told.length > 0 ? 0 : 1);
  });

  it.each(cases)('of a stream that was reset: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('server', false);
    peer.send(syn(1) + rst(1));
    const before = peer.sent();
    peer.send(bytesOf(odd, 1));
    expect([peer.closed, peer.streams[0]?.told]).toEqual([[], ['reset by remote 0']]);
    expect(peer.sent()).toBe(before + (has(odd.flags, SYN) ? rst(1, PROTOCOL_VIOLATION) : ''));
    expect(peer.streams).toHaveLength(1);
  });

  it.each(cases)('of a stream of ours: type $type, flags $flags, length $byteLength', (odd) => {
    const peer = against('client', false);
    const ours = new Recorder(peer.session.open(), false);
    ours.muxed.write(utf8('hello'));
    peer.settle();
    peer.send(bytesOf(odd, 1));
    if (has(odd.flags, SYN)) expectViolation(peer, /an id of ours/);
    else expect([peer.closed, ours.told]).toEqual([[], heard(odd, false)]);
  });
});

describe('stream ids', () => {
  it('Y8: an id that was used resets that id alone; the hundredth time ends the connection', () => {
    const peer = against('server');
    peer.send(syn(1) + rst(1) + syn(3));
    for (let times = 1; times < 100; times += 1) peer.send(syn(1));
    expect(peer.sent().endsWith(rst(1, PROTOCOL_VIOLATION))).toBe(true);
    expect([peer.closed, peer.streams.length, peer.session.streamCount]).toEqual([[], 2, 1]);
    peer.send(syn(1));
    expectViolation(peer, /stream id 1 again, the 100th/);
  });

  it('Y8: an id that was refused counts as used', () => {
    const peer = against('server', true, { maxInboundStreams: 1 });
    peer.send(syn(1) + syn(3) + rst(1));
    peer.send(syn(3));
    expect(peer.sent().endsWith(rst(3, RESOURCE_LIMIT) + rst(3, PROTOCOL_VIOLATION))).toBe(true);
    expect([peer.closed, peer.streams.length]).toEqual([[], 1]);
  });

  it('Y8: an id that was passed over is no reuse: the SYNs of concurrent opens in go overtake each other', () => {
    const peer = against('server');
    peer.send(syn(5) + syn(1) + data(1, 2) + syn(3));
    expect(peer.streams.map(({ muxed }) => muxed.id)).toEqual([5, 1, 3]);
    expect(peer.streams[1]?.bytes.toString()).toBe('aa');
    peer.send(rst(3) + syn(3));
    expect(peer.sent().endsWith(rst(3, PROTOCOL_VIOLATION))).toBe(true);
    expect(peer.streams).toHaveLength(3);
  });

  it('Y8: a leap over two thousand million ids remembers the last 256 that were passed over', () => {
    const peer = against('server');
    const far = 0xffffffff;
    peer.send(syn(far));
    peer.send(syn(far - 2 * 256) + syn(far - 2 * 257));
    expect(peer.streams.map(({ muxed }) => muxed.id)).toEqual([far, far - 512]);
    expect(peer.sent()).toContain(rst(far - 514, PROTOCOL_VIOLATION));
  });

  it('Y31: when they are used up, open fails with a typed error and the connection is closed in order', () => {
    const peer = stuck('client', new BehaviorSubject(true), 0xfffffffb);
    const last = [peer.session.open(), peer.session.open()].map((muxed) => new Recorder(muxed));
    expect(last.map(({ muxed }) => muxed.id)).toEqual([0xfffffffb, 0xfffffffd]);
    last[0]?.muxed.write(utf8('last'));
    // Whoever waits for a slot is told at once instead of waiting for what never comes.
    expect(peer.session.canOpen).toBe(true);
    expect(() => peer.session.open()).toThrow(/used up its stream ids/);
    expect(codeThrownBy(() => peer.session.open())).toBe('ERR_CONNECTION_CLOSED');
    expect(peer.session.canOpen).toBe(false);
    peer.settle();
    expect(peer.written()).toContain(toHex(utf8('last')));
    peer.send(fin(0xfffffffb) + fin(0xfffffffd));
    expect(peer.closed).toEqual([{ by: 'local' }]);
    expect(last.map(({ told }) => told.at(-1))).toEqual(['closed', 'closed']);
    expect(peer.written().endsWith(frame(GO_AWAY, 0, 0, 0))).toBe(true);
  });
});

describe('windows', () => {
  it.each([WINDOW + 1, 2 ** 31, 2 ** 32 - 1])(
    'Y9: %d bytes end the connection by their header',
    (byteLength) => {
      const peer = against('server', false);
      peer.send(syn(1) + frame(DATA, 0, 1, byteLength));
      expectViolation(peer, new RegExp(`${String(byteLength)} bytes on stream 1, whose window has 262144`));
      expect(peer.streams[0]?.chunks).toEqual([]);
    },
  );

  it('Y9: it is what remains of the window that counts, to the byte', () => {
    const peer = against('server', false);
    peer.send(syn(1) + data(1, WINDOW - 10) + data(1, 10));
    expect([peer.streams[0]?.bytes.byteLength, peer.closed]).toEqual([WINDOW, []]);
    peer.send(frame(DATA, 0, 1, 1));
    expectViolation(peer, /1 bytes on stream 1, whose window has 0/);
    expect(peer.streams[0]?.bytes.byteLength).toBe(WINDOW);
  });

  it('Y9: a body is not buffered: what has come of it is with the reader', () => {
    const peer = against('server', false);
    peer.send(syn(1) + frame(DATA, 0, 1, WINDOW) + '61'.repeat(7));
    expect(peer.streams[0]?.bytes.byteLength).toBe(7);
  });

  it.each([WINDOW + 1, 2 ** 32 - 1])('Y10: a SYN with %d bytes tells nobody of a stream', (byteLength) => {
    const peer = against('server');
    peer.send(frame(DATA, SYN, 1, byteLength));
    expectViolation(peer, new RegExp(`${String(byteLength)} bytes on stream 1`));
    expect(peer.streams).toEqual([]);
  });

  it('Y11: data for an id that never was is dropped, and the connection dies after 1 MiB of it', () => {
    const peer = against('server');
    for (let sent = 0; sent < 16; sent += 1) peer.send(data(9, 65_536));
    expect([peer.closed, peer.streams, peer.sent()]).toEqual([[], [], '']);
    peer.send(frame(DATA, 0, 11, 1));
    expectViolation(peer, /1048577 bytes for streams that are not open/);
  });

  it('Y11: more than 1 MiB is not waited for', () => {
    const peer = against('server');
    peer.send(frame(DATA, 0, 9, 2 ** 32 - 1));
    expectViolation(peer, /4294967295 bytes for streams that are not open/);
  });

  it('Y12: data for a stream that we reset is dropped up to its window, to the byte, then ends the connection', () => {
    const peer = against('server', false);
    peer.send(syn(1) + data(1, 100) + syn(3));
    peer.streams[0]?.muxed.reset(new Error('no more'), 7);
    peer.settle();
    peer.send(data(1, WINDOW - 100 - 1) + data(1, 1) + data(3, 5));
    expect([peer.closed, peer.streams[0]?.bytes.byteLength]).toEqual([[], 100]);
    expect(peer.streams[1]?.bytes.toString()).toBe('aaaaa');
    peer.send(frame(DATA, 0, 1, 1));
    expectViolation(peer, /1 bytes for stream 1, which was reset with 0 bytes of window left/);
  });

  it('Y12: so is what was under way to a stream that we refused', () => {
    const peer = against('server', true, { maxInboundStreams: 0 });
    peer.send(data(1, 1000, SYN) + data(1, WINDOW - 1000));
    expect([peer.closed, peer.sent()]).toEqual([[], rst(1, RESOURCE_LIMIT)]);
    peer.send(frame(DATA, 0, 1, 1));
    expectViolation(peer, /stream 1, which was reset/);
  });

  it('Y12: nothing is expected of a stream that the remote reset itself', () => {
    const peer = against('server', false);
    peer.send(syn(1) + rst(1));
    for (let sent = 0; sent < 4; sent += 1) peer.send(data(1, WINDOW));
    expect(peer.closed).toEqual([]);
    peer.send(frame(DATA, 0, 1, 1));
    expectViolation(peer, /streams that are not open/);
  });

  it('Y12: thousands of streams that we reset leave a bounded memory, and what they had left is not held against anybody', () => {
    const peer = against('server');
    for (const id of oddIds(3000)) {
      peer.send(syn(id));
      peer.streams.at(-1)?.muxed.reset(new Error('no'), 1);
    }
    for (const id of oddIds(20)) peer.send(data(id, WINDOW));
    expect(peer.closed).toEqual([]);
  });

  it('Y13: data after the end resets that stream alone, with a typed error that names it', () => {
    const peer = against('server');
    peer.send(syn(1) + fin(1) + syn(3));
    peer.send(data(1, 3) + data(3, 3));
    expect(peer.streams[0]?.error).toMatchObject({
      code: 'ERR_YAMUX',
      message: expect.stringMatching(/data on stream 1 after its end/) as string,
    });
    expect(peer.streams[0]?.bytes.byteLength).toBe(0);
    expect(peer.streams[1]?.bytes.toString()).toBe('aaa');
    expect([peer.sent().endsWith(rst(1, PROTOCOL_VIOLATION)), peer.closed]).toEqual([true, []]);
  });

  it('Y16: credit up to 2^32 - 1 is taken, one more ends the connection', () => {
    const peer = against('server');
    peer.send(syn(1) + frame(WINDOW_UPDATE, 0, 1, 2 ** 32 - 1 - WINDOW));
    expect(peer.closed).toEqual([]);
    peer.send(frame(WINDOW_UPDATE, 0, 1, 1));
    expectViolation(peer, /update of 1 that makes stream 1's window overflow/);
  });

  it('Y26: credit that comes byte by byte moves data, and what came together leaves together', () => {
    const peer = stuck('client', new BehaviorSubject(true));
    const stream = new Recorder(peer.session.open());
    stream.muxed.write(new Uint8Array(WINDOW + 300));
    peer.settle();
    peer.writes.length = 0;
    peer.send(frame(WINDOW_UPDATE, 0, 1, 1));
    peer.send(frame(WINDOW_UPDATE, 0, 1, 1).repeat(100));
    expect(peer.writes).toEqual([frame(DATA, 0, 1, 1) + '00', frame(DATA, 0, 1, 100) + '00'.repeat(100)]);
    expect(stream.muxed.queuedBytes).toBe(199);
  });

  it('Y32: with both windows full and nobody reading, pings, resets and the close still work', () => {
    const table = bench({ credits: false });
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    const ours = new Recorder(client.session.open(), false);
    ours.muxed.write(new Uint8Array(2 * WINDOW));
    table.settle();
    const theirs = server.streams[0];
    theirs?.muxed.write(new Uint8Array(2 * WINDOW));
    table.settle(100);
    expect([ours.bytes.byteLength, theirs?.bytes.byteLength]).toEqual([WINDOW, WINDOW]);
    // Keep-alive pings are answered: nobody is dead after two minutes of this.
    table.settle(120_000);
    expect([client.closed, server.closed]).toEqual([[], []]);
    ours.muxed.reset(new Error('enough'), 3);
    table.settle();
    expect(theirs?.told.at(-1)).toBe('reset by remote 3');
    expect(theirs?.error).toBeInstanceOf(StreamResetError);
    client.session.close();
    table.settle(2000);
    expect([client.closed, server.closed]).toEqual([[{ by: 'local' }], [{ by: 'remote', code: 0 }]]);
  });

  it('Y33: a reset of one stream leaves the window of another as it was, to the byte', () => {
    const peer = against('server', false);
    peer.send(syn(1) + syn(3) + data(1, 1000) + data(3, 5000));
    peer.send(rst(3, 9) + data(1, WINDOW - 1000));
    expect([peer.streams[0]?.bytes.byteLength, peer.streams[0]?.told, peer.closed]).toEqual([WINDOW, [], []]);
    expect(peer.streams[1]?.told).toEqual(['reset by remote 9']);
    peer.send(frame(DATA, 0, 1, 1));
    expectViolation(peer, /whose window has 0/);
  });
});

describe('floods', () => {
  it('Y19: of 10,000 SYNs in one chunk 256 live, the rest are reset, and nobody hears of those', () => {
    const peer = against('server');
    peer.send(oddIds(10_000).map(syn).join(''));
    expect([peer.streams.length, peer.session.streamCount, peer.closed]).toEqual([256, 256, []]);
    expect(peer.sent().match(new RegExp(`00010008.{8}${hex(RESOURCE_LIMIT, 8)}`, 'g'))).toHaveLength(9744);
    peer.send(data(1, 3));
    expect(peer.streams[0]?.bytes.toString()).toBe('aaa');
  });

  it('Y20: of streams opened and reset as many live as the rate allows, then the connection dies', () => {
    const peer = against('server');
    const pairs = oddIds(100_000).map((id) => syn(id) + rst(id));
    let chunks = 0;
    for (; peer.closed.length === 0 && chunks < 100; chunks += 1)
      peer.send(pairs.slice(chunks * 1000, (chunks + 1) * 1000).join(''), 10);
    expect(peer.closed).toMatchObject([
      { by: 'local', code: 1, error: { code: 'ERR_LIMIT', limit: 'streams opened and reset per second' } },
    ]);
    expect(chunks).toBe(2);
    expect(peer.streams.length).toBeLessThanOrEqual(1003);
    expect(peer.streams.every(({ told }) => told.length === 1)).toBe(true);
  });

  it('Y20: 200 of them a second are borne for ever', () => {
    const peer = against('server');
    const ids = oddIds(20_000);
    for (let second = 0; second < 100; second += 1)
      peer.send(
        ids
          .slice(second * 200, (second + 1) * 200)
          .map((id) => syn(id) + rst(id))
          .join('') + frame(PING, ACK, 0, 0),
        1000,
      );
    expect([peer.closed, peer.streams.length]).toEqual([[], 20_000]);
  });

  it('Y20: a stream opened and reset in one frame is no stream, with a body or without', () => {
    const peer = against('server');
    peer.send(frame(WINDOW_UPDATE, SYN | RST, 1, 0) + data(3, 40, SYN | RST) + syn(1));
    expect([peer.streams, peer.closed]).toEqual([[], []]);
    expect(peer.sent()).toBe(rst(1, PROTOCOL_VIOLATION));
  });

  it('Y21: who provokes resets and does not read them is cut off at 1024 that wait', () => {
    const peer = stuck('server');
    peer.send(oddIds(256).map(syn).join(''));
    const room = 1024 - 1;
    peer.send(oddIds(room, 513).map(syn).join(''));
    expect(peer.closed).toEqual([]);
    peer.send(
      oddIds(2, 513 + 2 * room)
        .map(syn)
        .join(''),
    );
    expect(peer.closed).toMatchObject([
      { by: 'local', error: { code: 'ERR_LIMIT', limit: 'answers waiting to be sent', value: 1024 } },
    ]);
    expect(peer.session.streamCount).toBe(0);
  });

  it('Y22: of pings that are not read one answer waits, the newest', () => {
    const peer = stuck('server');
    for (let value = 0; value < 100_000; value += 1000)
      peer.send(Array.from({ length: 1000 }, (_, i) => frame(PING, SYN, 0, value + i)).join(''));
    expect([peer.closed, peer.written()]).toEqual([[], '']);
    peer.room.next(true);
    peer.settle();
    expect(peer.written()).toBe(frame(PING, SYN, 0, 0) + frame(PING, ACK, 0, 99_999));
  });

  it.each([5000, 100_000])('Y29: %d small frames in one chunk are all heard', (count) => {
    const peer = against('server');
    peer.send(syn(1) + data(1, 1).repeat(count));
    expect([peer.streams[0]?.bytes.byteLength, peer.closed]).toEqual([count, []]);
  });

  it('Y29: a header split at each of its bytes is the same header', () => {
    const frames = fromHex(syn(1) + data(1, 5) + frame(PING, SYN, 0, 5) + data(1, 5, FIN));
    const whole = against('server');
    whole.send(toHex(frames));
    for (let at = 1; at < frames.byteLength; at += 1) {
      const peer = against('server');
      peer.send(toHex(frames.subarray(0, at)));
      peer.send(toHex(frames.subarray(at)));
      expect(peer.streams[0]?.bytes.toString()).toBe('aaaaaaaaaa');
      expect(peer.streams[0]?.told).toEqual(['end']);
      expect(peer.sent()).toContain(frame(PING, ACK, 0, 5));
    }
    expect(whole.streams[0]?.bytes.toString()).toBe('aaaaaaaaaa');
  });
});

describe('the end of a connection', () => {
  it('Y27: after a go-away of 0 what is open may finish within a second, then it is closed', () => {
    const peer = against('server');
    peer.send(syn(1) + syn(3) + frame(GO_AWAY, 0, 0, 0));
    expect(codeThrownBy(() => peer.session.open())).toBe('ERR_CONNECTION_CLOSED');
    peer.send(data(1, 4, FIN), 500);
    peer.streams[0]?.muxed.end();
    peer.settle(499);
    expect([peer.streams[0]?.bytes.toString(), peer.streams[0]?.told]).toEqual(['aaaa', ['end', 'closed']]);
    expect([peer.streams[1]?.told, peer.closed]).toEqual([[], []]);
    peer.settle(1);
    expect(peer.closed).toEqual([{ by: 'remote', code: 0 }]);
    expect(peer.sent().endsWith(rst(3, SHUTDOWN))).toBe(true);
    expect(peer.streams[1]?.error).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it.each([1, 2, 0xffffffff])(
    'Y27: a go-away of %d ends every stream with an error that names the code',
    (code) => {
      const peer = against('server');
      peer.send(syn(1) + frame(GO_AWAY, 0, 0, code));
      expect(peer.closed).toMatchObject([
        { by: 'remote', code, error: { code: 'ERR_GO_AWAY', fault: 'remote' } },
      ]);
      expect(peer.streams[0]?.error?.message).toContain(`0x${code.toString(16)}`);
    },
  );

  it('Y28: a SYN after a go-away is reset, and nobody hears of it', () => {
    const peer = against('server');
    peer.send(syn(1) + frame(GO_AWAY, 0, 0, 0) + syn(3) + data(5, 3, SYN));
    expect(peer.streams).toHaveLength(1);
    expect(peer.sent()).toContain(rst(3, RESOURCE_LIMIT) + rst(5, RESOURCE_LIMIT));
    expect(peer.closed).toEqual([]);
  });

  it('Y30: 30 s of silence after a ping end the connection, not 29.999 s', () => {
    const peer = against('server');
    peer.send(syn(1));
    peer.settle(29_999);
    expect(peer.closed).toEqual([]);
    peer.settle(1);
    expect(peer.closed).toMatchObject([
      { by: 'local', error: { code: 'ERR_KEEPALIVE_TIMEOUT', fault: 'network' } },
    ]);
    expect(peer.streams[0]?.error).toBe(peer.closed[0]?.error);
  });
});

/** Whether a stream has had its end, by what its reader was told. */
const isOver = ({ told }: Recorder): boolean =>
  told.some((word) => word.startsWith('reset') || word === 'closed');

describe('whatever comes', () => {
  const anyFrame = fc
    .tuple(
      fc.constantFrom(DATA, WINDOW_UPDATE, WINDOW_UPDATE, PING, GO_AWAY),
      fc.integer({ min: 0, max: 15 }),
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom(0, 1, 5, 1000),
    )
    .map(([type, flags, id, length]) => {
      const streamId = type === PING || type === GO_AWAY ? 0 : id;
      if (type === GO_AWAY) return frame(type, 0, 0, 0);
      return type === DATA ? data(streamId, length, flags) : frame(type, flags, streamId, length);
    });
  const ours = fc.tuple(fc.constantFrom('open', 'write', 'end', 'reset'), fc.integer({ min: 0, max: 9 }));

  it('Y33: the streams that are counted are the streams that live, after any sequence', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFrame, anyFrame, ours), { maxLength: 60 }), (steps) => {
        const peer = against('server');
        const opened: Recorder[] = [];
        const all = (): Recorder[] => [...opened, ...peer.streams];
        for (const step of steps) {
          if (typeof step === 'string') peer.send(step);
          else {
            const [what, at] = step;
            const muxed = all()[at]?.muxed;
            if (what === 'open') {
              if (codeThrownBy(() => opened.push(new Recorder(peer.session.open()))) !== undefined)
                expect(peer.session.canOpen).toBe(false);
            } else if (what === 'write') muxed?.write(utf8('x'.repeat(100)));
            else if (what === 'end') muxed?.end();
            else muxed?.reset(new Error('ours'), 1);
            peer.settle();
          }
          const live = all().filter((stream) => !isOver(stream)).length;
          expect(peer.session.streamCount).toBe(live);
          for (const { told } of all()) {
            expect(told.filter((word) => word === 'end').length).toBeLessThanOrEqual(1);
            expect(
              told.filter((word) => word.startsWith('reset') || word === 'closed').length,
            ).toBeLessThanOrEqual(1);
          }
        }
        expect(peer.closed.length).toBeLessThanOrEqual(1);
        if (peer.closed.length === 1) expect(peer.session.streamCount).toBe(0);
        for (const { error } of [...peer.closed, ...peer.streams])
          if (error !== undefined && error.message !== 'ours') expect(error).toBeInstanceOf(Libp2pError);
      }),
      { numRuns: 400 },
    );
  });

  it('any bytes, cut anyhow, end in a typed error or in nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: 'max' }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('client' as const, 'server' as const),
        (bytes, size, role) => {
          const peer = against(role);
          // A plausible beginning, so that not every run dies of its version.
          const start = fromHex(role === 'server' ? syn(1) : syn(2));
          for (const piece of cut(concatBytes(start, bytes), size)) peer.send(toHex(piece));
          for (const { error } of [...peer.closed, ...peer.streams])
            if (error !== undefined) expect(error).toBeInstanceOf(Libp2pError);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('the options of yamux are the limits that it keeps', () => {
    const part = yamux({ maxOutboundStreams: 1 }).create({
      scheduler: new VirtualClock(),
      random: seededRandom(1),
    });
    expect(part.protocol).toBe('/yamux/1.0.0');
    const peer = against('client', true, { maxOutboundStreams: 1 });
    new Recorder(peer.session.open()).muxed.write(utf8('x'));
    expect(codeThrownBy(() => peer.session.open())).toBe('ERR_LIMIT');
  });
});
