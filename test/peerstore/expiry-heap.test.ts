import fc from 'fast-check';
import { ExpiryHeap, type Expiring } from '../../src/core/expiry-heap.js';

it('always has the one in front that expires first, whatever is put in, moved and taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: -5, max: 50 })), {
        maxLength: 200,
      }),
      (acts) => {
        const heap = new ExpiryHeap<Expiring>();
        const items = Array.from({ length: 16 }, (): Expiring => ({ expiresAt: 0, heapAt: -1 }));
        const inside = new Set<Expiring>();
        for (const [which, at] of acts) {
          const item = items[which]!;
          if (at < 0) {
            heap.remove(item);
            inside.delete(item);
          } else {
            item.expiresAt = at;
            heap.place(item);
            inside.add(item);
          }
          expect(heap.size).toBe(inside.size);
          const first = Math.min(...[...inside].map(({ expiresAt }) => expiresAt));
          expect(heap.first?.expiresAt ?? Infinity).toBe(first);
        }
      },
    ),
  );
});
