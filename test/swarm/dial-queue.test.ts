import fc from 'fast-check';
import { nextBatch, updateOrAdd, type Queued } from '../../src/swarm/dial-queue.js';

const queueOf = (...entries: readonly (readonly [key: string, delayMs: number])[]): readonly Queued[] =>
  entries.reduce<readonly Queued[]>((queue, [key, delayMs]) => updateOrAdd(queue, key, delayMs), []);
const shown = (queue: readonly Queued[]): string =>
  queue.map(({ key, delayMs }) => `${key}${String(delayMs)}`).join(' ');

describe('the dial queue', () => {
  it('QUEUE-1: is sorted by delay, and equals keep the order in which they came', () => {
    expect(shown(queueOf(['a', 5], ['b', 0], ['c', 5], ['d', 9], ['e', 0]))).toBe('b0 e0 a5 c5 d9');
  });

  it('QUEUE-2: gives all that share the smallest delay at once', () => {
    const { batch, rest } = nextBatch(queueOf(['a', 5], ['b', 0], ['c', 0], ['d', 9]));
    expect([batch, shown(rest)]).toEqual([['b', 'c'], 'a5 d9']);
  });

  it.each([
    ['none of none', [], [], ''],
    ['the only one', [['a', 7]], ['a'], ''],
    [
      'all, where all have the same delay',
      [
        ['a', 0],
        ['b', 0],
      ],
      ['a', 'b'],
      '',
    ],
  ] as const)('QUEUE-2: gives %s', (_what, entries, batch, rest) => {
    const next = nextBatch(queueOf(...entries));
    expect([next.batch, shown(next.rest)]).toEqual([batch, rest]);
  });

  it('QUEUE-3: leaves an address alone that is there with the same delay', () => {
    const queue = queueOf(['a', 5], ['b', 5]);
    expect(updateOrAdd(queue, 'a', 5)).toBe(queue);
  });

  it('QUEUE-3: moves one that has another delay behind its new equals', () => {
    const queue = queueOf(['a', 0], ['b', 5], ['c', 5], ['d', 9]);
    expect(shown(updateOrAdd(queue, 'a', 5))).toBe('b5 c5 a5 d9');
    expect(shown(updateOrAdd(queue, 'd', 0))).toBe('a0 d0 b5 c5');
  });

  it('QUEUE-3: adds one that it does not know', () => {
    expect(shown(updateOrAdd(queueOf(['a', 5]), 'b', 1))).toBe('b1 a5');
  });

  it('changes no list that it was given', () => {
    const queue = Object.freeze([...queueOf(['a', 5], ['b', 1])]);
    updateOrAdd(queue, 'a', 0);
    nextBatch(queue);
    expect(shown(queue)).toBe('b1 a5');
  });

  it('does what a slow twin does, that sorts by delay and then by the time of the last move', () => {
    const command = fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), delayMs: fc.nat(4) }),
      fc.constant('next' as const),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        let queue: readonly Queued[] = [];
        let twin: (Queued & { readonly moved: number })[] = [];
        commands.forEach((what, moved) => {
          if (what === 'next') {
            const { batch, rest } = nextBatch(queue);
            const least = Math.min(...twin.map(({ delayMs }) => delayMs));
            expect(batch).toEqual(twin.filter(({ delayMs }) => delayMs === least).map(({ key }) => key));
            queue = rest;
            twin = twin.filter(({ delayMs }) => delayMs !== least);
          } else {
            queue = updateOrAdd(queue, what.key, what.delayMs);
            const known = twin.find(({ key }) => key === what.key);
            if (known?.delayMs !== what.delayMs)
              twin = [...twin.filter((queued) => queued !== known), { ...what, moved }];
            twin.sort((a, b) => a.delayMs - b.delayMs || a.moved - b.moved);
          }
          expect(queue).toEqual(twin.map(({ key, delayMs }) => ({ key, delayMs })));
        });
      }),
    );
  });
});
