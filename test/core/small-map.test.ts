import fc from 'fast-check';
import { Recent } from '../../src/core/recent.js';
import { SmallMap } from '../../src/core/small-map.js';

const change = fc.record({
  act: fc.constantFrom('set' as const, 'delete' as const),
  key: fc.integer({ min: 0, max: 4 }),
  value: fc.constantFrom(undefined, 1, 2),
});

describe('a map of few', () => {
  it('is as a Map, whatever is set and deleted', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const [small, map] = [
          new SmallMap<number, number | undefined>(),
          new Map<number, number | undefined>(),
        ];
        for (const { act, key, value } of changes) {
          if (act === 'set') {
            small.set(key, value);
            map.set(key, value);
          } else expect(small.delete(key)).toBe(map.delete(key));
          expect(small.entries()).toEqual([...map]);
          expect(small.first).toEqual([...map][0]);
          expect(small.size).toBe(map.size);
          for (let asked = 0; asked <= 4; asked += 1) {
            expect(small.has(asked)).toBe(map.has(asked));
            expect(small.get(asked)).toBe(map.get(asked));
          }
        }
      }),
    );
  });

  it('holds nothing once it was cleared', () => {
    const map = new SmallMap<string, number>();
    for (const key of ['a', 'b', 'c']) map.set(key, 1);
    map.clear();
    expect([map.size, map.keys(), map.values(), map.get('a')]).toEqual([0, [], [], undefined]);
  });
});

describe('what was asked for lately', () => {
  it('keeps at least as many as it was told, the last ones, and at most twice as many', () => {
    const recent = new Recent<number>(3);
    for (let at = 0; at < 20; at += 1) recent.set(String(at), at);
    const kept = Array.from({ length: 20 }, (_, at) => at).filter(
      (at) => recent.get(String(at)) !== undefined,
    );
    expect(kept).toEqual(expect.arrayContaining([17, 18, 19]));
    expect(kept.length).toBeLessThanOrEqual(6);
  });

  it('keeps what is asked for again and again', () => {
    const recent = new Recent<number>(2);
    recent.set('kept', 1);
    for (let at = 0; at < 20; at += 1) {
      recent.set(String(at), at);
      expect(recent.get('kept')).toBe(1);
    }
  });
});
