import type { CloseReason } from '../../src/core/duplex.js';
import { Libp2pError, LimitError } from '../../src/core/errors.js';
import type { Memory } from '../../src/core/limits-contract.js';
import type { MuxedStream } from '../../src/core/muxed-stream.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { QuicSession } from '../../src/transports/quic/session.js';
import { quicPair, type FakeConnection } from '../support/quic-pair.js';
import { Recorder } from '../support/yamux-bench.js';

const KIB = 1024;
/** Promises have no clock: all that are settled have been heard after so many turns. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
};

interface End {
  readonly session: QuicSession;
  readonly native: FakeConnection;
  readonly inbound: Recorder[];
  readonly closes: CloseReason[];
}
function end(
  clock: VirtualClock,
  native: FakeConnection,
  role: 'client' | 'server',
  credits = true,
  max = 512,
): End {
  const inbound: Recorder[] = [];
  const closes: CloseReason[] = [];
  const observer = {
    onStream: (stream: MuxedStream) => inbound.push(new Recorder(stream, credits)),
    onClose: (reason: CloseReason) => closes.push(reason),
  };
  const limits = { maxInboundStreams: 256, maxOutboundStreams: max };
  const session = new QuicSession(native, role, observer, { scheduler: clock, limits });
  session.start();
  return { session, native, inbound, closes };
}
function bench(options: { window?: number; credits?: boolean; max?: number } = {}): {
  readonly clock: VirtualClock;
  readonly near: End;
  readonly far: End;
  pass(ms: number): Promise<void>;
} {
  const clock = new VirtualClock();
  const natives = quicPair(options.window);
  return {
    clock,
    near: end(clock, natives.near, 'client', true, options.max),
    far: end(clock, natives.far, 'server', options.credits),
    pass: (ms) => passOn(clock, ms),
  };
}
/** Our end alone: the other is played by the test. */
function alone(options: { window: number }): {
  readonly near: End;
  readonly remote: FakeConnection;
  pass(ms: number): Promise<void>;
} {
  const clock = new VirtualClock();
  const natives = quicPair(options.window);
  return {
    near: end(clock, natives.near, 'client'),
    remote: natives.far,
    pass: (ms) => passOn(clock, ms),
  };
}
async function passOn(clock: VirtualClock, ms: number): Promise<void> {
  await turns();
  const until = clock.now() + ms;
  while (clock.nextAt !== undefined && clock.nextAt <= until) {
    clock.step();
    await turns();
  }
  clock.moveTo(until);
  await turns();
}
const open = ({ session }: End): Recorder => new Recorder(session.open());
const bytes = (length: number, first = 0): Uint8Array => new Uint8Array(length).map((_, at) => first + at);

describe('streams', () => {
  it('bytes go both ways, and both ends close in order', async () => {
    const { near, far } = bench();
    const one = open(near);
    one.muxed.write(bytes(300 * KIB));
    one.muxed.end();
    await turns();
    const [other] = far.inbound;
    expect(other?.bytes.equals(Buffer.from(bytes(300 * KIB)))).toBe(true);
    expect(other?.told).toEqual(['end']);
    other?.muxed.write(bytes(10));
    other?.muxed.end();
    await turns();
    expect(one.bytes).toEqual(Buffer.from(bytes(10)));
    expect([one.told.at(-1), other?.told.at(-1)]).toEqual(['closed', 'closed']);
    expect([near.session.streamCount, far.session.streamCount]).toEqual([0, 0]);
    expect([near.session.bytesWritten, near.session.bytesRead]).toEqual([300 * KIB, 10]);
  });

  it('many small pieces come as they were written, whatever is put together', async () => {
    const { near, far } = bench();
    const one = open(near);
    const sent: Uint8Array[] = [];
    for (const size of [1, 2, 3, 7, 4096, 16_383, 16_384, 1, 200_000, 5, 130_000, 131_072, 131_073, 9]) {
      const piece = bytes(size, sent.length);
      sent.push(piece);
      one.muxed.write(piece.slice());
    }
    await turns();
    expect(far.inbound[0]?.bytes.equals(Buffer.concat(sent))).toBe(true);
  });

  it('a reader that gives nothing back holds the writer back: so much is read ahead, the window, and the queue (Q1)', async () => {
    const { near, far } = bench({ window: 64 * KIB, credits: false });
    const one = open(near);
    for (let n = 0; n < 64 && one.muxed.hasRoom; n += 1) {
      one.muxed.write(bytes(64 * KIB));
      await turns();
    }
    const [other] = far.inbound;
    const read = other?.bytes.byteLength ?? 0;
    expect(read).toBeGreaterThanOrEqual(256 * KIB);
    expect(read).toBeLessThanOrEqual(256 * KIB + 128 * KIB);
    expect(one.muxed.hasRoom).toBe(false);
    const queued = one.muxed.queuedBytes;
    expect(queued).toBeLessThanOrEqual(256 * KIB + 64 * KIB);
    await turns();
    expect(other?.bytes.byteLength).toBe(read);
    other?.muxed.credit(read);
    await turns();
    expect(one.told).toEqual(['full', 'room']);
    expect(other?.bytes.byteLength).toBeGreaterThan(read);
  });

  it('what nobody may pay for stays with the addon', async () => {
    const { near, far } = bench({ window: 1024 * KIB, credits: false });
    const poor: Memory = {
      reserveMemory: () => undefined,
      tryReserveMemory: () => false,
      releaseMemory: () => undefined,
    };
    const one = open(near);
    one.muxed.write(bytes(1));
    await turns();
    const [other] = far.inbound;
    other!.muxed.memory = poor;
    one.muxed.write(bytes(512 * KIB));
    await turns();
    expect(other?.bytes.byteLength).toBeGreaterThanOrEqual(16 * KIB);
    expect(other?.bytes.byteLength).toBeLessThanOrEqual(16 * KIB + 128 * KIB);
    other?.muxed.credit(other.bytes.byteLength);
    await turns();
    expect(other?.bytes.byteLength).toBeGreaterThan(16 * KIB);
  });

  it('a queue that the limits refuse resets its stream, and nothing else', async () => {
    const { near, far } = bench({ window: 1 });
    const [one, other] = [open(near), open(near)];
    one.muxed.memory = {
      reserveMemory: () => {
        throw new LimitError('stream', 'memoryBytes', 1, 'local');
      },
      tryReserveMemory: () => false,
      releaseMemory: () => undefined,
    };
    one.muxed.write(bytes(17 * KIB));
    other.muxed.write(bytes(1));
    await turns();
    expect(one.error).toBeInstanceOf(LimitError);
    expect(far.inbound.at(-1)?.bytes.byteLength).toBe(1);
    expect(other.told).toEqual([]);
  });

  it('a reset is heard at both ends, with the code that was on the wire', async () => {
    const { near, far } = bench();
    const one = open(near);
    one.muxed.write(bytes(1));
    await turns();
    far.inbound[0]?.muxed.reset(new Error('no'), 0x1234);
    await turns();
    expect(far.inbound[0]?.told).toEqual(['reset by local 0']);
    expect(one.told).toEqual(['reset by remote 0']);
    expect(one.error).toMatchObject({ code: 'ERR_STREAM_RESET', fault: 'remote', resetCode: 0 });
    expect([near.session.streamCount, far.session.streamCount]).toEqual([0, 0]);
  });

  it('the remote closes its reading side: what it still says is heard, and who writes on is told then', async () => {
    const { near, remote } = alone({ window: KIB });
    const one = open(near);
    one.muxed.write(bytes(640 * KIB));
    const native = await remote.inboundStream();
    await native.stopRead();
    await native.write(bytes(10));
    await turns();
    // Room again: nobody waits for a remote that wants no more.
    expect(one.told).toEqual(['full', 'room']);
    expect([one.bytes.byteLength, one.muxed.queuedBytes]).toEqual([10, 0]);
    one.muxed.write(bytes(10));
    await native.finishWrite();
    await turns();
    expect(one.told).toEqual(['full', 'room', 'end']);
    one.muxed.write(bytes(10));
    expect(one.told.at(-1)).toBe('reset by remote 0');
  });

  it('the remote closes its reading side behind a request that was ended: the answer is a whole one', async () => {
    const { near, remote } = alone({ window: KIB });
    const one = open(near);
    one.muxed.write(bytes(64 * KIB));
    one.muxed.end();
    const native = await remote.inboundStream();
    await native.stopRead();
    await native.write(bytes(10));
    await native.finishWrite();
    await turns();
    expect([one.bytes.byteLength, ...one.told]).toEqual([10, 'end', 'closed']);
  });

  it('the remote closes its reading side and says no more: a second later the stream is reset', async () => {
    const { near, remote, pass } = alone({ window: KIB });
    const one = open(near);
    one.muxed.write(bytes(64 * KIB));
    await (await remote.inboundStream()).stopRead();
    await pass(999);
    expect(one.told).toEqual([]);
    await pass(1);
    expect(one.told).toEqual(['reset by remote 0']);
  });
});

describe('what nobody wants', () => {
  it('is read and dropped, so that the remote can end in order', async () => {
    const { near, far } = bench();
    const one = open(near);
    one.muxed.write(bytes(1));
    one.muxed.end();
    one.muxed.discard();
    await turns();
    far.inbound[0]?.muxed.write(bytes(100 * KIB));
    far.inbound[0]?.muxed.end();
    await turns();
    expect(one.bytes.byteLength).toBe(0);
    expect(one.told).toEqual(['end', 'closed']);
    expect(far.inbound[0]?.told).toEqual(['end', 'closed']);
  });

  it('ends the stream, once it is more than 256 KiB', async () => {
    const { near, far, pass } = bench();
    const one = open(near);
    one.muxed.write(bytes(1));
    one.muxed.end();
    one.muxed.discard();
    await turns();
    far.inbound[0]?.muxed.write(bytes(1024 * KIB));
    await turns();
    expect(one.told).toEqual(['end', 'closed']);
    expect(far.inbound[0]?.muxed.hasRoom).toBe(true);
    await pass(1_000);
    // Its reading side has ended already: it learns when it writes on, or is content.
    far.inbound[0]?.muxed.write(bytes(1));
    expect(far.inbound[0]?.told.at(-1)).toBe('reset by remote 0');
  });

  it('is reset when the remote does not end it within 60 s', async () => {
    const { near, far, pass } = bench();
    const one = open(near);
    one.muxed.write(bytes(1));
    one.muxed.discard();
    await pass(59_999);
    expect(one.told).toEqual([]);
    await pass(1);
    expect(one.told).toEqual(['reset by local 0']);
    expect(far.inbound[0]?.told).toEqual(['reset by remote 0']);
  });
});

describe('opening', () => {
  it('waits for the remote to allow it, first come first served; one that is given up leaves its place to the next', async () => {
    const { near, far } = bench();
    near.native.credit = 0;
    const [one, two, three] = [open(near), open(near), open(near)];
    for (const [n, { muxed }] of [one, two, three].entries()) muxed.write(bytes(1, n));
    two.muxed.reset(new Error('given up'));
    await turns();
    expect(far.inbound).toEqual([]);
    near.native.allow(2);
    await turns();
    expect(far.inbound.map(({ bytes: got }) => got[0])).toEqual([0, 2]);
    near.native.allow(1);
    await turns();
    // The addon gives the one that was asked for and is not wanted any more: the next stream is that one.
    const four = open(near);
    four.muxed.write(bytes(1, 3));
    await turns();
    expect(far.inbound.map(({ bytes: got }) => got[0])).toEqual([0, 2, 3]);
  });

  it('is bounded: one more than 512 throws a LimitError, and a slot that is freed is told', () => {
    const { near } = bench({ max: 2 });
    const freed: number[] = [];
    near.session.slotFreed$.subscribe(() => freed.push(near.session.streamCount));
    const first = open(near);
    open(near);
    expect(near.session.canOpen).toBe(false);
    expect(() => near.session.open()).toThrow(LimitError);
    first.muxed.reset(new Error('no more'));
    expect(freed).toEqual([1]);
    expect(near.session.canOpen).toBe(true);
  });
});

describe('the end of a connection', () => {
  it('close: streams end in order, and the last bytes get their time', async () => {
    const { near, far, pass } = bench();
    const one = open(near);
    one.muxed.write(bytes(10));
    await turns();
    near.session.close();
    expect(() => near.session.open()).toThrow(Libp2pError);
    await turns();
    expect(far.inbound[0]?.told).toEqual(['end']);
    far.inbound[0]?.muxed.end();
    await pass(49);
    expect(near.closes).toEqual([]);
    await pass(1);
    expect(near.closes).toEqual([{ by: 'local' }]);
    expect(far.closes).toEqual([{ by: 'remote', code: 0 }]);
    expect(near.native.aborts).toBe(1);
  });

  it('close: while frames still leave it waits, for one second at most', async () => {
    const { near, pass } = bench();
    const one = open(near);
    one.muxed.write(bytes(10));
    await turns();
    one.muxed.reset(new Error('done'));
    near.session.close();
    for (let n = 0; n < 19; n += 1) {
      near.native.frames += 1;
      await pass(50);
    }
    expect(near.closes).toEqual([]);
    near.native.frames += 1;
    await pass(50);
    expect(near.closes).toEqual([{ by: 'local' }]);
  });

  it('close: streams that do not end within a second are reset', async () => {
    const { near, pass } = bench();
    const one = open(near);
    one.muxed.write(bytes(10));
    near.session.close();
    await pass(999);
    expect(one.told).toEqual([]);
    await pass(1);
    expect(one.told).toEqual(['reset by local undefined']);
    expect(near.closes).toMatchObject([{ by: 'local', error: { code: 'ERR_CONNECTION_CLOSED' } }]);
  });

  it('abort: at once, and every stream ends with the error', async () => {
    const { near, far } = bench();
    const one = open(near);
    one.muxed.write(bytes(10));
    await turns();
    const error = new Error('enough');
    near.session.abort(error);
    expect(one.error).toBe(error);
    expect(near.closes).toEqual([{ by: 'local', error }]);
    await turns();
    expect(far.closes).toEqual([{ by: 'remote', code: 0 }]);
    expect(far.inbound[0]?.error).toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  });

  it.each([
    ['closed by peer: 0', { by: 'remote', code: 0 }],
    ['closed by peer: gated (code 4103)', { by: 'remote', code: 4103, error: { code: 'ERR_GO_AWAY' } }],
    ['closed by peer: 4103', { by: 'remote', code: 4103, error: { code: 'ERR_GO_AWAY', fault: 'remote' } }],
    ['timed out', { by: 'remote', error: { code: 'ERR_KEEPALIVE_TIMEOUT', fault: 'network' } }],
    ['aborted by peer: the \u001b[31m', { by: 'remote', error: { code: 'ERR_TRANSPORT', fault: 'remote' } }],
    ['reset by peer', { by: 'remote', error: { code: 'ERR_TRANSPORT', fault: 'network' } }],
  ])('the addon says %j', async (text, reason) => {
    const { near } = bench();
    const one = open(near);
    one.muxed.write(bytes(1));
    await turns();
    near.native.end(text);
    await turns();
    expect(near.closes).toMatchObject([reason]);
    expect(one.told).toEqual(['reset by remote undefined']);
    expect(String(one.error)).not.toContain('\u001b');
  });

  it('what had arrived when the remote closed is still read, to its end', async () => {
    const { near, far } = bench({ window: 1024 * KIB, credits: false });
    const one = open(near);
    one.muxed.write(bytes(700 * KIB));
    one.muxed.end();
    await turns();
    const [other] = far.inbound;
    near.session.abort(new Error('gone'));
    await turns();
    expect(far.closes).toEqual([]);
    while (other!.told.length === 0) {
      other!.muxed.credit(128 * KIB);
      await turns();
    }
    expect(other?.bytes.byteLength).toBe(700 * KIB);
    expect(other?.told[0]).toBe('end');
  });

  it('and for a second at most, where nobody reads', async () => {
    const { near, far, pass } = bench({ window: 1024 * KIB, credits: false });
    const one = open(near);
    one.muxed.write(bytes(700 * KIB));
    await turns();
    near.session.abort(new Error('gone'));
    await pass(999);
    expect(far.closes).toEqual([]);
    await pass(1);
    expect(far.closes).toEqual([{ by: 'remote', code: 0 }]);
    expect(far.session.streamCount).toBe(0);
  });
});

describe('a hostile remote (reliability 5.12)', () => {
  it('Q5: streams opened and reset, 1000 at once and 200 a second: then the connection ends', async () => {
    const { near, far, pass } = bench();
    const flood = async (count: number): Promise<void> => {
      for (let n = 0; n < count && far.closes.length === 0; n += 1) {
        const one = open(near);
        one.muxed.write(bytes(1));
        for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
        one.muxed.reset(new Error('no'));
        for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      }
    };
    await flood(1000);
    expect(far.closes).toEqual([]);
    await pass(1_000);
    await flood(200);
    expect(far.closes).toEqual([]);
    await flood(1);
    expect(far.closes).toMatchObject([{ by: 'local', error: { code: 'ERR_LIMIT', value: 200 } }]);
    expect(far.session.streamCount).toBe(0);
  });

  it('one that takes nothing, and so cannot be told of resets: 64 of them, then the connection ends', async () => {
    const { near } = alone({ window: 1 });
    const stall = async (): Promise<void> => {
      const one = open(near);
      one.muxed.write(bytes(100));
      await turns();
      one.muxed.reset(new Error('it does not read'));
      await turns();
    };
    for (let n = 0; n < 64; n += 1) await stall();
    expect(near.closes).toEqual([]);
    await stall();
    expect(near.closes).toMatchObject([{ by: 'local', error: { code: 'ERR_LIMIT', value: 64 } }]);
  });

  it('Q10: no read asks for more than 128 KiB, and one on a quiet stream for 4 KiB', async () => {
    const { near, remote } = alone({ window: 8 * 1024 * KIB });
    const two = open(near);
    two.muxed.write(bytes(1));
    const back = await remote.inboundStream();
    await back.write(bytes(1024 * KIB));
    await turns();
    expect(two.chunks.map(({ byteLength }) => byteLength).slice(0, 5)).toEqual(
      [4, 16, 64, 128, 128].map((kib) => kib * KIB),
    );
    for (let n = 0; n < 8; n += 1) {
      await back.write(bytes(10));
      await turns();
    }
    await back.write(bytes(64 * KIB));
    await turns();
    expect(two.chunks.at(-1)?.byteLength).toBeLessThanOrEqual(64 * KIB);
    expect(two.chunks.slice(-16).some(({ byteLength }) => byteLength === 4 * KIB)).toBe(true);
  });
});
