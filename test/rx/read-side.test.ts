import { BehaviorSubject, NEVER, Observable, Subject, take, throwError, type Subscription } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Bytes } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import { ReadSide } from '../../src/rx/read-side.js';

const A = new Uint8Array([1]);
const B = new Uint8Array([2]);
const C = new Uint8Array([3]);

/** A read side, and what its owner heard: `+` demand, `-` none, a number of bytes that were dealt with. */
function bench(): { readonly side: ReadSide; readonly heard: (string | number)[] } {
  const heard: (string | number)[] = [];
  const side = new ReadSide({
    onDemand: (wanted) => heard.push(wanted ? '+' : '-'),
    onConsumed: (byteLength) => heard.push(byteLength),
  });
  return { side, heard };
}

interface Reading {
  readonly seen: (number | string)[];
  stop(): void;
}
/** Bytes by their first value, `|` for the end, an error by its code or message. */
function read(side: ReadSide, room$?: Observable<boolean>, onNext?: (bytes: Bytes) => void): Reading {
  const seen: (number | string)[] = [];
  const subscription = side.read(room$).subscribe({
    next: (bytes) => {
      seen.push(...bytes);
      onNext?.(bytes);
    },
    error: (error: unknown) => seen.push(codeOf(error)),
    complete: () => seen.push('|'),
  });
  return {
    seen,
    stop: () => {
      subscription.unsubscribe();
    },
  };
}
const reset = Object.assign(new Error('reset'), { code: 'RESET' });

describe('reading without a say about room', () => {
  it('has room always: bytes come as they come, and count as dealt with when next has returned', () => {
    const { side, heard } = bench();
    const { seen } = read(side, undefined, () => heard.push('next'));
    side.push(A);
    side.push(B);
    expect(seen).toEqual([1, 2]);
    expect(heard).toEqual(['+', 'next', 1, 'next', 1]);
  });

  it('gets what came earlier inside subscribe, in order, then what comes later', () => {
    const { side } = bench();
    side.push(A);
    side.push(B);
    expect(side.queuedBytes).toBe(2);
    const { seen } = read(side);
    expect(seen).toEqual([1, 2]);
    side.push(C);
    expect(seen).toEqual([1, 2, 3]);
    expect(side.queuedBytes).toBe(0);
  });

  it('hands on the very bytes that came while the reader keeps up, without a copy', () => {
    const { side } = bench();
    const got: Bytes[] = [];
    side.read().subscribe((bytes) => got.push(bytes));
    side.push(A);
    expect(got[0]).toBe(A);
  });

  it('takes no notice of empty chunks', () => {
    const { side, heard } = bench();
    const { seen } = read(side);
    side.push(new Uint8Array(0));
    expect([seen, heard]).toEqual([[], ['+']]);
  });

  it('never enters next again: what arrives inside it waits until it returns', () => {
    const { side } = bench();
    let depth = 0;
    const depths: number[] = [];
    const { seen } = read(side, undefined, (bytes) => {
      depth += 1;
      depths.push(depth);
      if (bytes[0] === 1) {
        side.push(B);
        side.push(C);
        side.end();
      }
      depth -= 1;
    });
    side.push(A);
    expect([seen, depths]).toEqual([
      [1, 2, 3, '|'],
      [1, 1],
    ]);
  });

  it('survives 100,000 chunks that wait, without recursion', () => {
    const { side } = bench();
    const chunk = new Uint8Array(2048);
    for (let i = 0; i < 100_000; i += 1) side.push(chunk);
    let count = 0;
    side.read().subscribe(() => (count += 1));
    expect(count).toBe(100_000);
  });
});

describe('reading with a say about room', () => {
  it('stays silent, and asks for nothing, while the room has not spoken or says no', () => {
    const { side, heard } = bench();
    const room = new Subject<boolean>();
    const { seen } = read(side, room);
    side.push(A);
    room.next(false);
    expect([seen, heard, side.queuedBytes]).toEqual([[], [], 1]);
    room.next(true);
    expect([seen, heard]).toEqual([[1], [1, '+']]);
  });

  it('stops at once when room goes inside next, and gives credit only when there is room again', () => {
    const { side, heard } = bench();
    const room = new BehaviorSubject(true);
    const { seen } = read(side, room, () => {
      room.next(false);
    });
    side.push(A);
    side.push(B);
    expect([seen, heard]).toEqual([[1], ['+', '-']]);
    room.next(true);
    expect([seen, heard]).toEqual([
      [1, 2],
      ['+', '-', 1],
    ]);
  });

  it('keeps the last word of a room that has completed: yes', () => {
    const { side } = bench();
    const room = new BehaviorSubject(true);
    const { seen } = read(side, room);
    room.complete();
    side.push(A);
    expect(seen).toEqual([1]);
  });

  it('keeps the last word of a room that has completed: no', () => {
    const { side } = bench();
    const room = new BehaviorSubject(false);
    const { seen } = read(side, room);
    room.complete();
    side.push(A);
    expect([seen, side.queuedBytes]).toEqual([[], 1]);
  });

  it('errors with the error of the room, pauses, and leaves the bytes to the next reader', () => {
    const { side, heard } = bench();
    const room = new BehaviorSubject(true);
    const { seen } = read(side, room);
    room.error(reset);
    side.push(A);
    expect([seen, heard]).toEqual([['RESET'], ['+', '-']]);
    expect(read(side).seen).toEqual([1]);
  });

  it('errors with a room that fails inside subscribe', () => {
    const { side, heard } = bench();
    expect(
      read(
        side,
        throwError(() => reset),
      ).seen,
    ).toEqual(['RESET']);
    expect(heard).toEqual([]);
  });

  it('leaves the room when it ends, and when it is left', () => {
    const { side } = bench();
    const room = new BehaviorSubject(true);
    read(side, room).stop();
    expect(room.observed).toBe(false);
    read(side, room);
    side.end();
    expect(room.observed).toBe(false);
  });

  it('follows the room in virtual time, subscribed exactly as long as there is a reader', () => {
    const test = new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    });
    test.run(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const { side } = bench();
      hot('-a-b-c------d--|', { a: 1, b: 2, c: 3, d: 4 }).subscribe({
        next: (value) => {
          side.push(new Uint8Array(2048).fill(value));
        },
        complete: () => {
          side.end();
        },
      });
      const room$ = cold('t-f---t', { t: true, f: false });
      const value$ = new Subject<number>();
      side.read(room$).subscribe({
        next: (bytes) => {
          value$.next(bytes[0] ?? 0);
        },
        complete: () => {
          value$.complete();
        },
      });
      expectObservable(value$).toBe('-a----(bc)--d--|', { a: 1, b: 2, c: 3, d: 4 });
      expectSubscriptions(room$.subscriptions).toBe('^--------------!');
    });
  });
});

describe('the end', () => {
  it.each([
    ['no bytes', []],
    ['bytes', [A, B]],
  ])('completes after %s, and every later subscriber gets that end at once', (_, chunks) => {
    const { side } = bench();
    const { seen } = read(side);
    chunks.forEach((chunk) => {
      side.push(chunk);
    });
    side.end();
    const bytes = chunks.flatMap((chunk) => [...chunk]);
    expect([seen, read(side).seen, read(side, NEVER).seen]).toEqual([[...bytes, '|'], ['|'], ['|']]);
    expect(side.ended).toBe(true);
  });

  it('comes only after all bytes were read', () => {
    const { side } = bench();
    const room = new BehaviorSubject(false);
    side.push(A);
    side.end();
    const { seen } = read(side, room);
    expect(seen).toEqual([]);
    room.next(true);
    expect(seen).toEqual([1, '|']);
  });

  it('waits for the reader that has not come', () => {
    const { side } = bench();
    side.push(A);
    side.end();
    expect(read(side).seen).toEqual([1, '|']);
  });

  it('errors at once on a reset, room or not, and drops what was queued', () => {
    const { side } = bench();
    const room = new BehaviorSubject(false);
    const { seen } = read(side, room);
    side.push(A);
    side.fail(reset);
    expect([seen, side.queuedBytes, side.ended]).toEqual([['RESET'], 0, true]);
    expect(read(side).seen).toEqual(['RESET']);
  });

  it('ignores bytes and further ends after the end', () => {
    const { side } = bench();
    side.fail(reset);
    side.push(A);
    side.end();
    side.fail(new Error('another'));
    expect([read(side).seen, side.queuedBytes]).toEqual([['RESET'], 0]);
  });

  it('is not undone by a reset when all was read in order', () => {
    const { side } = bench();
    side.end();
    side.fail(reset);
    expect(read(side).seen).toEqual(['|']);
  });

  it('is undone by a reset while bytes wait: a shortened stream never completes', () => {
    const { side } = bench();
    side.push(A);
    side.end();
    side.fail(reset);
    expect(read(side).seen).toEqual(['RESET']);
  });

  it('that comes inside next waits until next returns', () => {
    const { side } = bench();
    const order: string[] = [];
    side.read().subscribe({
      next: () => {
        side.fail(reset);
        order.push('next returns');
      },
      error: () => order.push('error'),
    });
    side.push(A);
    expect(order).toEqual(['next returns', 'error']);
  });

  it('takes demand back', () => {
    const { side, heard } = bench();
    read(side);
    side.end();
    expect(heard).toEqual(['+', '-']);
  });
});

describe('unsubscribing', () => {
  it('pauses: nothing is lost, and the next reader goes on', () => {
    const { side, heard } = bench();
    const first = read(side);
    side.push(A);
    first.stop();
    side.push(B);
    expect([first.seen, side.queuedBytes]).toEqual([[1], 1]);
    expect(read(side).seen).toEqual([2]);
    expect(heard).toEqual(['+', 1, '-', 1, '+']);
  });

  it('inside next stops before the following chunk', () => {
    const { side } = bench();
    side.push(new Uint8Array(2048).fill(1));
    side.push(new Uint8Array(2048).fill(2));
    const got: number[] = [];
    side
      .read()
      .pipe(take(1))
      .subscribe((bytes) => got.push(bytes[0] ?? 0));
    expect([got, side.queuedBytes]).toEqual([[1], 2048]);
  });

  it('twice is nothing more', () => {
    const { side, heard } = bench();
    const first = read(side);
    first.stop();
    first.stop();
    expect(heard).toEqual(['+', '-']);
  });
});

describe('a subscriber who leaves untold', () => {
  const attach = (side: ReadSide): { readonly seen: (number | string)[]; readonly reader: Subscription } => {
    const seen: (number | string)[] = [];
    const untold$ = new Observable<Bytes>((subscriber) => {
      side.attach(subscriber);
    });
    const reader = untold$.subscribe({
      next: (bytes) => seen.push(...bytes),
      error: (error: unknown) => seen.push(codeOf(error)),
      complete: () => seen.push('|'),
    });
    return { seen, reader };
  };

  it('takes no byte and no end, and the next reader has them all', () => {
    const { side, heard } = bench();
    const { seen, reader } = attach(side);
    side.push(A);
    reader.unsubscribe();
    side.push(B);
    side.push(C);
    side.end();
    expect([seen, side.queuedBytes]).toEqual([[1], 2]);
    expect(read(side).seen).toEqual([2, 3, '|']);
    expect(heard.filter((word) => typeof word === 'number')).toEqual([1, 2]);
  });

  it('hears neither of a reset nor of who comes next', () => {
    const { side } = bench();
    const first = attach(side);
    first.reader.unsubscribe();
    const second = attach(side);
    second.reader.unsubscribe();
    side.fail(reset);
    expect([first.seen, second.seen, read(side).seen]).toEqual([[], [], ['RESET']]);
  });

  it('gets nothing of what comes while it leaves', () => {
    const { side } = bench();
    const { seen, reader } = attach(side);
    reader.add(() => {
      side.push(B);
    });
    side.push(A);
    reader.unsubscribe();
    expect([seen, side.queuedBytes, read(side).seen]).toEqual([[1], 1, [2]]);
  });
});

describe('a newer subscription', () => {
  it('takes over; the older reader, which still reads, errors', () => {
    const { side, heard } = bench();
    const older = read(side);
    const newer = read(side);
    side.push(A);
    expect([older.seen, newer.seen]).toEqual([['ERR_STREAM_TAKEN'], [1]]);
    older.stop();
    side.push(B);
    expect([newer.seen, heard]).toEqual([
      [1, 2],
      ['+', 1, 1],
    ]);
  });

  it('inside next lets the older finish: one that leaves by itself sees no error', () => {
    const { side } = bench();
    let newer: Reading | undefined;
    const order: string[] = [];
    side
      .read()
      .pipe(take(1))
      .subscribe({
        next: () => {
          newer = read(side);
        },
        error: () => order.push('error'),
        complete: () => order.push('complete'),
      });
    side.push(A);
    side.push(B);
    expect([order, newer?.seen]).toEqual([['complete'], [2]]);
  });

  it('inside next turns out the older once next has returned, if it stays', () => {
    const { side } = bench();
    let newer: Reading | undefined;
    const older = read(side, undefined, () => {
      newer ??= read(side);
      expect(newer.seen).toEqual([]);
    });
    side.push(A);
    side.push(B);
    expect([older.seen, newer?.seen]).toEqual([[1, 'ERR_STREAM_TAKEN'], [2]]);
  });

  it('inside next gets the bytes that already waited', () => {
    const { side } = bench();
    side.push(new Uint8Array(2048).fill(1));
    side.push(new Uint8Array(2048).fill(2));
    const got: number[] = [];
    side
      .read()
      .pipe(take(1))
      .subscribe(() => side.read().subscribe((bytes) => got.push(bytes[0] ?? 0)));
    expect(got).toEqual([2]);
  });

  it('of a reader that subscribes again whenever it is turned out does not loop', () => {
    const { side } = bench();
    const seen: string[] = [];
    side.read().subscribe({
      error: () => {
        seen.push('older out');
        side.read().subscribe({ error: () => seen.push('again out'), next: () => seen.push('again') });
      },
    });
    side.read().subscribe({ error: () => seen.push('newer out'), next: () => seen.push('newer') });
    side.push(A);
    expect(seen).toEqual(['older out', 'newer out', 'again']);
  });

  it('without room stops what the older let flow', () => {
    const { side, heard } = bench();
    read(side);
    read(side, new BehaviorSubject(false));
    side.push(A);
    expect([heard, side.queuedBytes]).toEqual([['+', '-'], 1]);
  });
});

describe('bytes that are overwritten once push returns', () => {
  /** A layer that reads by plain calls. */
  const reader = (keepsNothing: boolean, hasRoom = true) => {
    const got: Bytes[] = [];
    return {
      got,
      hasRoom,
      isOver: false,
      ...(keepsNothing && { keepsNothing: true as const }),
      onBytes: (bytes: Bytes): void => {
        got.push(bytes);
      },
      onEnd: () => undefined,
      onFail: () => undefined,
    };
  };

  it.each([
    ['go as they are to one who keeps nothing', reader(true), true],
    ['are copied for one who may keep them', reader(false), false],
  ])('%s', (_, layer, isSame) => {
    const { side } = bench();
    side.attachPlain(layer);
    const shared = Uint8Array.of(7);
    side.pushShared(shared);
    expect(layer.got[0] === shared).toBe(isSame);
    shared.fill(0);
    if (!isSame) expect(layer.got).toEqual([Uint8Array.of(7)]);
  });

  it('are copied where they have to wait, whoever comes for them', () => {
    const { side } = bench();
    const layer = reader(true, false);
    side.attachPlain(layer);
    const shared = Uint8Array.of(7);
    side.pushShared(shared);
    shared.fill(0);
    layer.hasRoom = true;
    side.pull(layer);
    expect(layer.got).toEqual([Uint8Array.of(7)]);
  });

  it('are copied where the reader has left untold', () => {
    const { side } = bench();
    side.attachPlain({ ...reader(true), isOver: true });
    const shared = Uint8Array.of(7);
    side.pushShared(shared);
    shared.fill(0);
    expect(read(side).seen).toEqual([7]);
  });

  it('are copied for one who is inside a delivery', () => {
    const { side } = bench();
    const shared = Uint8Array.of(8);
    const layer = reader(true);
    const { onBytes } = layer;
    layer.onBytes = (bytes) => {
      onBytes(bytes);
      if (layer.got.length > 1) return;
      side.pushShared(shared);
      shared.fill(0);
    };
    side.attachPlain(layer);
    side.pushShared(Uint8Array.of(7));
    expect(layer.got).toEqual([Uint8Array.of(7), Uint8Array.of(8)]);
  });
});
