import fc from 'fast-check';
import { Uint8ArrayList } from 'uint8arraylist';
import { SendQueue } from '../../src/transports/quic/send-queue.js';

const KIB = 1024;
const size = fc.oneof(
  fc.integer({ min: 1, max: 64 }),
  fc.constantFrom(16 * KIB - 1, 16 * KIB, 128 * KIB - 1, 128 * KIB, 128 * KIB + 1, 300 * KIB),
);

it('whatever is pushed comes out in order, in chunks of at most 128 KiB, and is counted until it is taken', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ sizes: fc.array(size, { maxLength: 4 }), takes: fc.nat(3) }), { maxLength: 12 }),
      (steps) => {
        const queue = new SendQueue();
        const sent: Uint8Array[] = [];
        const got: Uint8Array[] = [];
        const take = (): boolean => {
          const held = queue.byteLength;
          const chunk = queue.next();
          if (chunk === undefined) return false;
          expect(queue.byteLength).toBe(held);
          expect(chunk.byteLength).toBeLessThanOrEqual(128 * KIB);
          got.push(chunk);
          expect(queue.taken()).toBe(chunk.byteLength);
          expect(queue.byteLength).toBe(held - chunk.byteLength);
          return true;
        };
        for (const { sizes, takes } of steps) {
          const pieces = sizes.map((length) => new Uint8Array(length).fill(sent.length + length));
          sent.push(...pieces);
          queue.push(pieces.length === 1 ? pieces[0]! : new Uint8ArrayList(...pieces));
          for (let n = 0; n < takes; n += 1) take();
        }
        while (take());
        expect(queue.byteLength).toBe(0);
        expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});

it('a large piece is handed on as it is, a cut one as a view: neither is copied', () => {
  const queue = new SendQueue();
  const [large, small] = [new Uint8Array(200 * KIB), new Uint8Array(10)];
  queue.push(large);
  queue.push(small);
  const chunks: Uint8Array[] = [];
  for (let chunk = queue.next(); chunk !== undefined; chunk = queue.next()) {
    chunks.push(chunk);
    queue.taken();
  }
  expect(
    chunks.map(({ buffer, byteOffset, byteLength }) => [buffer === large.buffer, byteOffset, byteLength]),
  ).toEqual([
    [true, 0, 128 * KIB],
    [true, 128 * KIB, 72 * KIB],
    [false, 0, 10],
  ]);
  expect(chunks[2]).toBe(small);
});
