import fc from 'fast-check';
import { ByteQueue } from '../../src/core/byte-queue.js';
import { concatBytes } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';

const filled = (byteLength: number, value: number): Bytes => new Uint8Array(byteLength).fill(value);

function drain(queue: ByteQueue): Bytes {
  const chunks: Bytes[] = [];
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) chunks.push(chunk);
  return concatBytes(...chunks);
}

describe('a byte queue', () => {
  it('is empty at first: no bytes, no chunk', () => {
    const queue = new ByteQueue();
    expect([queue.byteLength, queue.shift(), queue.takeAll()]).toEqual([0, undefined, []]);
  });

  it('ignores empty chunks', () => {
    const queue = new ByteQueue();
    queue.push(new Uint8Array(0));
    expect([queue.byteLength, queue.shift()]).toEqual([0, undefined]);
  });

  it('gathers small chunks into one, and keeps a large one as it is', () => {
    const queue = new ByteQueue();
    const large = filled(2048, 3);
    for (let i = 0; i < 100; i += 1) queue.push(filled(1, 1));
    queue.push(large);
    queue.push(filled(5, 4));
    expect(queue.shift()).toEqual(filled(100, 1));
    expect(queue.shift()).toBe(large);
    expect(queue.shift()).toEqual(filled(5, 4));
  });

  it('copies a slice that would keep more than twice its size alive, and only such', () => {
    const queue = new ByteQueue();
    const half = filled(8192, 1).subarray(0, 4096);
    queue.push(half);
    queue.push(filled(8192, 2).subarray(1, 4096));
    expect(queue.shift()).toBe(half);
    const copied = queue.shift();
    expect([copied?.byteLength, copied?.buffer.byteLength]).toEqual([4095, 4095]);
  });

  it('never writes again what it has handed out', () => {
    const queue = new ByteQueue();
    queue.push(filled(10, 1));
    const first = queue.shift();
    queue.push(filled(10, 2));
    queue.push(filled(10, 3));
    expect(first).toEqual(filled(10, 1));
    expect(queue.shift()).toEqual(concatBytes(filled(10, 2), filled(10, 3)));
  });

  it('gives all that it holds at once, and goes on', () => {
    const queue = new ByteQueue();
    for (const value of [1, 2, 3]) queue.push(filled(3000, value));
    queue.shift();
    expect(queue.takeAll()).toEqual([filled(3000, 2), filled(3000, 3)]);
    queue.push(filled(5, 4));
    expect([queue.byteLength, drain(queue)]).toEqual([5, filled(5, 4)]);
  });

  it('holds nothing after it was cleared, and goes on', () => {
    const queue = new ByteQueue();
    queue.push(filled(10, 1));
    queue.push(filled(3000, 1));
    queue.clear();
    expect([queue.byteLength, queue.shift()]).toEqual([0, undefined]);
    queue.push(filled(1, 7));
    expect([queue.byteLength, queue.shift()]).toEqual([1, filled(1, 7)]);
  });

  it('holds 100,000 chunks of one byte, slices of a large buffer, in little more than their bytes', () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 100_000; i += 1) queue.push(filled(65_536, i).subarray(0, 1));
    const buffers = new Set<ArrayBuffer>();
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) buffers.add(chunk.buffer);
    const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(held).toBeLessThanOrEqual(100_000 + 4096);
  });

  it('agrees with a plain array of bytes, whatever is done in whatever order', () => {
    const size = fc.integer({ min: 0, max: 5000 });
    const command = fc.oneof(
      fc.tuple(fc.constant('push' as const), size),
      fc.tuple(fc.constant('shift' as const), size),
      fc.tuple(fc.constant('takeAll' as const), size),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const queue = new ByteQueue();
        const twin: number[] = [];
        let mark = 0;
        for (const [name, count] of commands) {
          if (name === 'push') {
            mark = (mark + 1) & 0xff;
            queue.push(filled(count, mark));
            twin.push(...new Array<number>(count).fill(mark));
          } else {
            const got = name === 'shift' ? [queue.shift()] : queue.takeAll();
            const bytes = got.flatMap((chunk) => [...(chunk ?? [])]);
            if (name === 'takeAll') expect(bytes).toHaveLength(twin.length);
            else expect(bytes.length > 0).toBe(twin.length > 0);
            expect(bytes).toEqual(twin.splice(0, bytes.length));
          }
          expect(queue.byteLength).toBe(twin.length);
        }
        expect([...drain(queue)]).toEqual(twin);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps order over thousands of chunks that come and go', () => {
    const queue = new ByteQueue();
    let next = 0;
    for (let i = 0; i < 1000; i += 1) {
      queue.push(filled(2048, i & 0xff));
      queue.push(filled(2048, i & 0xff));
      expect(queue.shift()?.[0]).toBe((next >> 1) & 0xff);
      next += 1;
    }
    while (queue.byteLength > 0) {
      expect(queue.shift()?.[0]).toBe((next >> 1) & 0xff);
      next += 1;
    }
    expect(next).toBe(2000);
  });
});
