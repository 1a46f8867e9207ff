import { BehaviorSubject, NEVER, take } from 'rxjs';
import { codeOf } from '../../src/core/errors.js';
import { ReadSide } from '../../src/rx/read-side.js';
import { unread } from '../../src/rx/unread.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { runMarbles } from '../support/marbles.js';

const sink: Duplex['sink'] = { next: () => undefined, error: () => undefined, complete: () => undefined };

function bench(): { readonly below: ReadSide; readonly duplex: Duplex; readonly demand: boolean[] } {
  const demand: boolean[] = [];
  const below = new ReadSide({ onDemand: (wanted) => demand.push(wanted) });
  return { below, demand, duplex: { sink, room$: NEVER, read: (room$) => below.read(room$) } };
}
function read(duplex: Duplex, room?: BehaviorSubject<boolean>): (number | string)[] {
  const seen: (number | string)[] = [];
  duplex.read(room).subscribe({
    next: (bytes) => seen.push(...bytes),
    error: (error: unknown) => seen.push(codeOf(error)),
    complete: () => seen.push('|'),
  });
  return seen;
}
const rest = new Uint8Array([1, 2]);

describe('a channel with bytes put back', () => {
  it('is the channel itself when there is nothing to put back', () => {
    const { duplex } = bench();
    expect([unread(duplex, undefined), unread(duplex, new Uint8Array(0))]).toEqual([duplex, duplex]);
    expect(unread(duplex, undefined)).toBe(duplex);
  });

  it('gives them first, then what follows, then the end', () => {
    const { below, duplex } = bench();
    const seen = read(unread(duplex, rest));
    below.push(new Uint8Array([3]));
    below.end();
    expect(seen).toEqual([1, 2, 3, '|']);
  });

  it('writes where the channel writes', () => {
    const { duplex } = bench();
    const more = unread(duplex, rest);
    expect([more.sink, more.room$]).toEqual([duplex.sink, duplex.room$]);
  });

  it('asks the channel below for nothing while nobody reads, or the reader has no room', () => {
    const { duplex, demand } = bench();
    const more = unread(duplex, rest);
    const room = new BehaviorSubject(false);
    const seen = read(more, room);
    expect([seen, demand]).toEqual([[], []]);
    room.next(true);
    expect([seen, demand]).toEqual([[1, 2], [true]]);
  });

  it('keeps them for a later reader when the first leaves before it had room', () => {
    const { duplex } = bench();
    const more = unread(duplex, rest);
    more.read(new BehaviorSubject(false)).subscribe().unsubscribe();
    expect(read(more)).toEqual([1, 2]);
  });

  it('gives them once: whoever comes later reads on', () => {
    const { below, duplex } = bench();
    const more = unread(duplex, rest);
    more.read().pipe(take(1)).subscribe();
    below.push(new Uint8Array([3]));
    expect(read(more)).toEqual([3]);
  });

  it('turns out the older reader when a newer one comes, before and after they were read', () => {
    const { below, duplex } = bench();
    const more = unread(duplex, rest);
    const first = read(more, new BehaviorSubject(false));
    const second = read(more);
    const third = read(more);
    below.push(new Uint8Array([3]));
    expect([first, second, third]).toEqual([['ERR_STREAM_TAKEN'], [1, 2, 'ERR_STREAM_TAKEN'], [3]]);
  });

  it('stays with a reader that took over while they were handed out', () => {
    const { below, duplex } = bench();
    const more = unread(duplex, rest);
    let newer: (number | string)[] | undefined;
    const older: (number | string)[] = [];
    more.read().subscribe({
      next: (bytes) => {
        older.push(...bytes);
        newer ??= read(more);
      },
      error: (error: unknown) => older.push(codeOf(error)),
    });
    below.push(new Uint8Array([3]));
    expect([older, newer]).toEqual([[1, 2, 'ERR_STREAM_TAKEN'], [3]]);
  });

  it('errors when the channel below breaks', () => {
    const { below, duplex } = bench();
    const seen = read(unread(duplex, rest));
    below.fail(Object.assign(new Error('reset'), { code: 'RESET' }));
    expect(seen).toEqual([1, 2, 'RESET']);
  });
});

describe('the reading of a channel with bytes put back', () => {
  const bytes: Record<string, Bytes> = { r: rest, a: new Uint8Array([3]), b: new Uint8Array([4]) };
  const broken = new Error('broken');

  it.each([
    ['never', '-', 'r-', '^'],
    ['empty', '|', '(r|)', '(^!)'],
    ['one chunk', '--a|', 'r-a|', '^--!'],
    ['many chunks', '-ab-a|', 'rab-a|', '^----!'],
    ['an error', '-a-#', 'ra-#', '^--!'],
  ])('over %s', (_, below, expected, subscription) => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const below$ = cold(below, bytes, broken);
      expectObservable(unread({ sink, room$: NEVER, read: () => below$ }, rest).read()).toBe(
        expected,
        bytes,
        broken,
      );
      expectSubscriptions(below$.subscriptions).toBe(subscription);
    });
  });

  it('leaves the channel below at an early unsubscribe', () => {
    runMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const below$ = cold('-a-b-a|', bytes);
      expectObservable(unread({ sink, room$: NEVER, read: () => below$ }, rest).read(), '^--!').toBe(
        'ra-',
        bytes,
      );
      expectSubscriptions(below$.subscriptions).toBe('^--!');
    });
  });

  it('hears nothing, and asks for nothing, while there is no room, and then all in order', () => {
    runMarbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const below$ = cold('--a|', bytes);
      const room$ = hot('f---t---', { t: true, f: false });
      expectObservable(unread({ sink, room$: NEVER, read: () => below$ }, rest).read(room$)).toBe(
        '----r-a|',
        bytes,
      );
      expectSubscriptions(below$.subscriptions).toBe('----^--!');
    });
  });
});

describe('a channel whose platform half is asked for', () => {
  const released: unknown[] = [];
  const below = (gives: unknown): Duplex => ({
    ...bench().duplex,
    release: (bytes) => {
      released.push([...(bytes ?? [])]);
      return gives;
    },
  });
  beforeEach(() => {
    released.length = 0;
  });

  it('gives it with what was put back in front, the latest first', () => {
    const twice = unread(unread(below('socket'), rest), undefined);
    expect(twice.release?.(new Uint8Array([9]))).toBe('socket');
    expect(released).toEqual([[9, 1, 2]]);
  });

  it('without what has been read since', () => {
    const duplex = unread(below('socket'), rest);
    expect(read(duplex)).toEqual([1, 2]);
    duplex.release?.();
    expect(released).toEqual([[]]);
  });

  it('stays as it is where there is none to be had', () => {
    const duplex = unread(below(undefined), rest);
    expect([duplex.release?.(), unread(bench().duplex, rest).release?.()]).toEqual([undefined, undefined]);
    expect(read(duplex)).toEqual([1, 2]);
  });
});
