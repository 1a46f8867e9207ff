import fc from 'fast-check';
import { toHex, utf8 } from '../../src/core/bytes.js';
import { decodeHeader, encodeHeader, FLAG, TYPE } from '../../src/protocols/yamux/frame.js';
import { KeepAlive } from '../../src/protocols/yamux/keep-alive.js';
import { ReceiveWindow } from '../../src/protocols/yamux/receive-window.js';
import { yamux, type YamuxOptions } from '../../src/protocols/yamux/yamux.js';
import { codeThrownBy, cut, CUTS, fromHex, vectors } from '../support/vectors.js';
import { against, bench, Recorder } from '../support/yamux-bench.js';

interface YamuxVectors {
  frames: {
    note: string;
    hex: string;
    version: number;
    type: number;
    flags: number;
    streamId: number;
    length: number;
    bodyHex: string;
  }[];
  transcripts: { name: string; steps: { from: 'client' | 'server'; hex: string }[] }[];
  violations: { note: string; hex?: string; hexPrefix?: string; receiver?: 'client' | 'server' }[];
}
const file = vectors<YamuxVectors>('yamux');
const WINDOW = 256 * 1024;

it('consumes the whole vector file', () => {
  expect([file.frames.length, file.transcripts.length, file.violations.length]).toEqual([19, 4, 10]);
});

describe('frames', () => {
  it.each(file.frames)('$note', ({ hex, type, flags, streamId, length, bodyHex }) => {
    expect(decodeHeader(fromHex(hex))).toEqual({ type, flags, streamId, length });
    const bytes = new Uint8Array(12);
    encodeHeader(bytes, 0, { type, flags, streamId, length });
    expect(toHex(bytes) + bodyHex).toBe(hex);
    for (let end = 0; end < 12; end += 1) expect(decodeHeader(fromHex(hex).subarray(0, end))).toBeUndefined();
  });
});

describe('any frame', () => {
  it('is read as it was written, at any offset, and nothing else is written over', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    const headers = fc.record({
      type: fc.integer({ min: 0, max: 3 }),
      flags: fc.integer({ min: 0, max: 0xffff }),
      streamId: u32,
      length: u32,
    });
    fc.assert(
      fc.property(headers, fc.nat(20), (header, offset) => {
        const bytes = new Uint8Array(offset + 13).fill(0xaa);
        encodeHeader(bytes, offset, header);
        expect(decodeHeader(bytes, offset)).toEqual(header);
        expect([...bytes.subarray(0, offset), bytes.at(-1)]).toEqual(
          new Array<number>(offset + 1).fill(0xaa),
        );
      }),
    );
  });

  it('of any twelve bytes is a header that is written as the same, or ERR_YAMUX', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.integer({ min: 0, max: 4 }),
        (bytes, type) => {
          // Half of all types would be unknown, and all but one version.
          bytes.set([bytes[0]! % 2, type]);
          const code = codeThrownBy(() => {
            const again = new Uint8Array(12);
            const header = decodeHeader(bytes);
            if (header !== undefined) encodeHeader(again, 0, header);
            expect(toHex(again)).toBe(toHex(bytes));
          });
          expect(code).toBe(bytes[0] === 1 || type === 4 ? 'ERR_YAMUX' : undefined);
        },
      ),
    );
  });
});

describe('transcripts', () => {
  it.each(CUTS)('[Y29] in chunks of %d give the same echo', (size) => {
    for (const { steps } of file.transcripts.slice(0, 2)) {
      const peer = against('server');
      const asked = steps
        .filter(({ from }) => from === 'client')
        .map(({ hex }) => hex)
        .join('');
      for (const chunk of cut(fromHex(asked), size)) peer.far.sink.next(chunk);
      peer.settle();
      const [stream] = peer.streams;
      expect(stream?.bytes.toString()).toBe('hello');
      expect(stream?.told).toEqual(['end']);
      stream?.muxed.write(utf8('hello'));
      stream?.muxed.end();
      peer.settle();
      expect(peer.sent()).toContain(toHex(utf8('hello')));
      expect(peer.sent().endsWith('000100040000000100000000')).toBe(true);
      expect(stream?.told).toEqual(['end', 'closed']);
      expect(peer.session.streamCount).toBe(0);
    }
  });

  it('a refused stream is reset, and the connection lives', () => {
    const peer = against('client');
    const stream = new Recorder(peer.session.open());
    stream.muxed.write(utf8('hello'));
    peer.settle();
    expect(peer.sent().startsWith('00000001000000010000000568656c6c6f')).toBe(true);
    peer.send(file.transcripts[2]?.steps[1]?.hex ?? '');
    expect(stream.told).toEqual(['reset by remote 0']);
    expect(peer.closed).toEqual([]);
  });

  it('a ping is answered with its value', () => {
    const peer = against('server');
    const [ping, pong] = file.transcripts[3]?.steps ?? [];
    peer.send(ping?.hex ?? '');
    expect(peer.sent()).toBe(pong?.hex);
  });
});

describe('violations', () => {
  /** go ignores an answer that nobody asked for, and so do we. */
  const harmless = /never requested/;
  it.each(file.violations)('$note', ({ note, hex, hexPrefix, receiver }) => {
    const peer = against(receiver ?? 'server');
    peer.send(hex ?? hexPrefix ?? '');
    if (harmless.test(note)) {
      expect(peer.closed).toEqual([]);
      return;
    }
    expect(peer.closed).toMatchObject([
      { by: 'local', code: 1, error: { code: 'ERR_YAMUX', fault: 'remote' } },
    ]);
    expect(peer.sent().endsWith('000300000000000000000001')).toBe(true);
  });

  it.each([
    ['[Y2] type 255', '00ff00000000000000000000'],
    ['[Y4] a window update on stream 0', '000100000000000000000001'],
    ['[Y5] a go-away on stream 3', '000300000000000300000000'],
    ['[Y9] a body of 4 GiB', '0001000100000001000000000000000000000001ffffffff'],
    ['[Y10] a SYN with more than the window', '000000010000000100040001'],
  ])('%s', (_, hex) => {
    const peer = against('server');
    peer.send(hex);
    expect(peer.closed).toMatchObject([{ by: 'local', code: 1, error: { code: 'ERR_YAMUX' } }]);
  });

  it('[Y3, Y14, Y17, Y18, Y23] what is odd but harmless is ignored', () => {
    const peer = against('server');
    const open = '000100010000000100000000';
    const odd = [
      '0001fff00000000100000000',
      '000100020000000100000000',
      '000100020000000100000000',
      '000000000000000100000000'.repeat(100),
      '000100000000000100000000'.repeat(100),
      '000100080000000900000000',
      '000100040000000900000000',
    ];
    peer.send(open + odd.join(''));
    expect(peer.closed).toEqual([]);
    expect(peer.streams).toHaveLength(1);
    expect(peer.streams[0]?.told).toEqual([]);
  });

  it('[Y13] data after the end resets that stream alone', () => {
    const peer = against('server');
    peer.send('000100010000000100000000000100040000000100000000' + '000000000000000100000001aa');
    expect(peer.streams[0]?.told).toEqual(['end', 'reset by local 4100']);
    expect(peer.closed).toEqual([]);
  });

  it('[Y8] a reused id resets that stream; the hundredth ends the connection', () => {
    const peer = against('server');
    peer.send('000100010000000100000000' + '000100080000000100000000');
    peer.send('000100010000000100000000');
    expect(peer.sent().endsWith('000100080000000100001004')).toBe(true);
    expect(peer.closed).toEqual([]);
    peer.send('000100010000000100000000'.repeat(99));
    expect(peer.closed).toMatchObject([{ error: { code: 'ERR_YAMUX' } }]);
  });

  it('[Y11] data for nobody is dropped, up to a mebibyte', () => {
    const peer = against('server');
    const frame = `000000000000000900010000${'00'.repeat(65_536)}`;
    for (let sent = 0; sent < 16; sent += 1) peer.send(frame);
    expect(peer.closed).toEqual([]);
    peer.send(frame);
    expect(peer.closed).toMatchObject([{ error: { code: 'ERR_YAMUX' } }]);
  });

  it('[Y19] of 1000 SYNs 256 live and the rest are reset with 0x1002', () => {
    const peer = against('server');
    let hex = '';
    for (let id = 1; id < 2000; id += 2) hex += `00010001${id.toString(16).padStart(8, '0')}00000000`;
    peer.send(hex);
    expect(peer.streams).toHaveLength(256);
    expect(peer.sent().match(/00010008.{8}00001002/g)).toHaveLength(744);
    expect(peer.closed).toEqual([]);
  });

  it('[Y20] streams opened and reset are bounded by their rate', () => {
    const peer = against('server');
    let hex = '';
    for (let id = 1; id < 2200; id += 2)
      hex += `00010001${id.toString(16).padStart(8, '0')}0000000000010008${id.toString(16).padStart(8, '0')}00000000`;
    peer.send(hex);
    expect(peer.closed).toMatchObject([{ error: { code: 'ERR_LIMIT' } }]);
    expect(peer.streams.length).toBeLessThanOrEqual(1001);
  });

  it('[Y22] of many pings at once the newest is answered', () => {
    const peer = against('server');
    let hex = '';
    for (let value = 0; value < 1000; value += 1)
      hex += `0002000100000000${value.toString(16).padStart(8, '0')}`;
    peer.send(hex);
    expect(peer.sent()).toBe('0002000200000000000003e7');
  });

  it.each([1, 2, 0xffffffff])('[Y27] a go-away with code %d ends the streams with it', (code) => {
    const peer = against('client');
    const stream = new Recorder(peer.session.open());
    peer.send(`0003000000000000${code.toString(16).padStart(8, '0')}`);
    expect(peer.closed).toMatchObject([{ by: 'remote', code, error: { code: 'ERR_GO_AWAY' } }]);
    expect(stream.told).toEqual(['reset by remote undefined']);
  });

  it('[Y27, Y28] after a go-away of 0 streams may finish, and new ones are refused', () => {
    const peer = against('server');
    peer.send('000100010000000100000000' + '000300000000000000000000' + '000100010000000300000000');
    expect(peer.closed).toEqual([]);
    expect(peer.sent()).toContain('000100080000000300001002');
    peer.send('000100040000000100000000');
    peer.streams[0]?.muxed.end();
    peer.settle();
    expect(peer.closed).toMatchObject([{ by: 'remote', code: 0 }]);
    expect(codeThrownBy(() => peer.session.open())).toBe('ERR_CONNECTION_CLOSED');
  });

  it('an end of the channel errors the streams that were open, and completes none', () => {
    const peer = against('server');
    peer.send('000100010000000100000000');
    peer.far.sink.complete();
    peer.settle();
    expect(peer.streams[0]?.error).toMatchObject({ code: 'ERR_UNEXPECTED_END' });
  });
});

describe('windows', () => {
  it('never hold more than 256 KiB for a reader that never reads', () => {
    const table = bench({ credits: false });
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    const stream = new Recorder(client.session.open());
    for (let written = 0; written < 64; written += 1) stream.muxed.write(new Uint8Array(1024 * 1024));
    table.settle(5000);
    expect(server.streams[0]?.bytes.byteLength).toBe(WINDOW);
    expect(stream.muxed.queuedBytes).toBe(64 * 1024 * 1024 - WINDOW);
    expect(stream.told).toEqual(['full']);
    // [Y32] and others go on.
    const other = new Recorder(client.session.open());
    other.muxed.write(utf8('here'));
    table.settle(100);
    expect(server.streams[1]?.bytes.toString()).toBe('here');
  });

  it('[Y25, Y26] a writer that waits is woken by credit, one byte if it must be', () => {
    const peer = against('client');
    const stream = new Recorder(peer.session.open());
    stream.muxed.write(new Uint8Array(WINDOW + 3));
    peer.settle();
    expect(stream.muxed.queuedBytes).toBe(3);
    peer.send('000100020000000100000001');
    expect(stream.muxed.queuedBytes).toBe(2);
    expect(stream.told).toEqual(['full', 'room']);
  });

  it('send no window update before half of it was read', () => {
    const window = new ReceiveWindow(0, 16 * WINDOW);
    expect(window.receive(WINDOW)).toBe(true);
    expect(window.receive(1)).toBe(false);
    expect(window.consume(WINDOW / 2 - 1, 1000, 1, () => true)).toBe(0);
    expect(window.consume(1, 1000, 1, () => true)).toBe(WINDOW / 2);
  });

  it.each([
    ['doubles when it was used up within four round trips', 39, 10, true, 2 * WINDOW],
    ['stays when the reader was slow', 40, 10, true, WINDOW],
    ['stays while the round-trip time is not known', 1, undefined, true, WINDOW],
    ['stays when there is no memory for it', 1, 10, false, WINDOW],
  ])('%s', (_, now, rtt, memory, remaining) => {
    const window = new ReceiveWindow(0, 16 * WINDOW);
    window.receive(WINDOW);
    window.consume(WINDOW, now, rtt, () => memory);
    expect(window.remaining).toBe(remaining);
  });

  it('grow to their maximum and no further', () => {
    const window = new ReceiveWindow(0, 4 * WINDOW);
    for (let turn = 0; turn < 10; turn += 1) {
      const bytes = window.remaining;
      window.receive(bytes);
      window.consume(bytes, 0, 10, () => true);
    }
    expect([window.remaining, window.extraBytes]).toEqual([4 * WINDOW, 3 * WINDOW]);
  });
});

describe('keep-alive', () => {
  it('pings a quiet line and gives up after 30 s of silence', () => {
    const table = bench();
    const end = table.start(table.near, 'client');
    table.settle(29_999);
    expect(end.closed).toEqual([]);
    table.settle(1);
    expect(end.closed).toMatchObject([{ by: 'local', error: { code: 'ERR_KEEPALIVE_TIMEOUT' } }]);
  });

  it('measures round trips, and keeps two live ends together', () => {
    const table = bench();
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    table.settle(300_000);
    expect([...client.closed, ...server.closed]).toEqual([]);
    expect(client.session.rttMs).toBe(0);
  });

  it('smooths samples as go does, and ignores answers that nobody asked for', () => {
    const alive = new KeepAlive(0);
    expect(alive.ping(0)).toBe(0);
    expect(alive.ping(1)).toBeUndefined();
    alive.pong(7, 5);
    expect(alive.rttMs).toBeUndefined();
    alive.pong(0, 10);
    expect(alive.ping(20)).toBe(1);
    alive.pong(1, 40);
    expect(alive.rttMs).toBe(15);
  });

  it('judges nobody by a tick that comes late: the process itself was frozen', () => {
    const alive = new KeepAlive(0);
    expect(alive.tick(600_000)).not.toBe('dead');
    expect(alive.tick(615_000)).toBe('dead');
  });

  it('judges nobody who was not asked: ticks that drift by some milliseconds are no silence', () => {
    const alive = new KeepAlive(0);
    alive.pong(alive.ping(0) ?? -1, 2);
    alive.heard(2);
    // 14,999 ms of silence: no ping yet; the next tick is 9 ms late.
    expect(alive.tick(15_001)).toBeUndefined();
    expect(alive.tick(30_010)).toBe(1);
    expect(alive.tick(45_011)).toBe('dead');
  });
});

describe('streams', () => {
  it('[Y24] wait at 256 SYNs that nobody answers', () => {
    const peer = against('client');
    for (let opened = 0; opened < 256; opened += 1) new Recorder(peer.session.open()).muxed.write(utf8('x'));
    peer.settle();
    expect(peer.session.canOpen).toBe(false);
    expect(codeThrownBy(() => peer.session.open())).toBe('ERR_LIMIT');
    let freed = 0;
    peer.session.slotFreed$.subscribe(() => (freed += 1));
    peer.send('000100020000000100000000');
    expect([peer.session.canOpen, freed]).toEqual([true, 1]);
  });

  it('are reset with their code in a window update', () => {
    const peer = against('client');
    const stream = new Recorder(peer.session.open());
    stream.muxed.write(utf8('x'));
    peer.settle();
    stream.muxed.reset(new Error('why not'), 0x1234);
    peer.settle();
    expect(peer.sent().endsWith('000100080000000100001234')).toBe(true);
    expect(stream.told).toEqual(['reset by local 4660']);
  });

  it('of which the remote has never heard say no goodbye', () => {
    const peer = against('client');
    new Recorder(peer.session.open()).muxed.reset(new Error('why not'));
    peer.settle();
    expect(peer.sent()).toBe('');
  });

  it('[Y33] leave nothing behind, in any order of ends and resets', () => {
    const table = bench({
      answer: (stream) => {
        stream.muxed.end();
      },
    });
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    for (let turn = 0; turn < 50; turn += 1) {
      const stream = new Recorder(client.session.open());
      stream.muxed.write(new Uint8Array(turn * 100 + 1));
      if (turn % 3 === 0) stream.muxed.reset(new Error('x'));
      else stream.muxed.end();
      table.settle(10);
    }
    expect([client.session.streamCount, server.session.streamCount]).toEqual([0, 0]);
  });

  it('share the line: a short one is not held up by a long one', () => {
    const table = bench();
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    const long = new Recorder(client.session.open());
    const short = new Recorder(client.session.open());
    long.muxed.write(new Uint8Array(200 * 1024));
    short.muxed.write(utf8('short'));
    const order: number[] = [];
    table.settle();
    for (const stream of server.streams) order.push(stream.muxed.id);
    expect(server.streams.map(({ bytes }) => bytes.byteLength)).toEqual([200 * 1024, 5]);
    expect(server.streams[0]?.chunks[0]?.byteLength).toBeLessThanOrEqual(16 * 1024);
    expect(order).toEqual([1, 3]);
  });

  it('close in order: what was written arrives, then the go-away', () => {
    const table = bench({
      answer: (stream) => {
        stream.muxed.end();
      },
    });
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    new Recorder(client.session.open()).muxed.write(utf8('last words'));
    table.settle();
    client.session.close();
    table.settle(2000);
    expect(server.streams[0]?.bytes.toString()).toBe('last words');
    expect(client.closed).toEqual([{ by: 'local' }]);
    expect(server.closed).toEqual([{ by: 'remote', code: 0 }]);
  });
});

describe('options', () => {
  it('name what they do not take', () => {
    expect(() => yamux({ maxStreams: 1 } as YamuxOptions)).toThrow(/"maxStreams".*1/);
    expect(() => yamux({ maxInboundStreams: -1 })).toThrow(/maxInboundStreams is -1/);
    expect(() => yamux({ maxStreamWindowBytes: 1000 })).toThrow(/maxStreamWindowBytes is 1000/);
  });

  it('bound what they say', () => {
    const table = bench({ yamux: { maxInboundStreams: 1 } });
    const server = table.start(table.far, 'server');
    const client = table.start(table.near, 'client');
    const [one, two] = [new Recorder(client.session.open()), new Recorder(client.session.open())];
    one.muxed.write(utf8('1'));
    two.muxed.write(utf8('2'));
    table.settle();
    expect(server.streams).toHaveLength(1);
    expect(two.told).toEqual([`reset by remote ${String(0x1002)}`]);
    expect([TYPE.windowUpdate, FLAG.rst]).toEqual([1, 8]);
  });
});
