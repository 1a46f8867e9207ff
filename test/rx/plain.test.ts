import { BehaviorSubject, NEVER } from 'rxjs';
import type { Bytes, Duplex, PlainReader } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import { Flag } from '../../src/rx/flag.js';
import { tellFirstByte } from '../../src/rx/first-byte.js';
import { plainOf, settledOf } from '../../src/rx/plain.js';
import { ReadSide } from '../../src/rx/read-side.js';
import { unread } from '../../src/rx/unread.js';

const sink: Duplex['sink'] = { next: () => undefined, error: () => undefined, complete: () => undefined };
const chunk = (value: number): Bytes => new Uint8Array([value]);

/** Bytes by their value, `|` for the end, an error by its code. */
class Reader implements PlainReader {
  hasRoom = true;
  isOver = false;
  readonly seen: (number | string)[] = [];
  onBytes(bytes: Bytes): void {
    this.seen.push(...bytes);
  }
  onEnd(): void {
    this.seen.push('|');
  }
  onFail(error: Error): void {
    this.seen.push(codeOf(error));
  }
}

/** A channel that knows only Observables, and one that has plain calls beside them. */
const channels: readonly [string, (side: ReadSide, room: Flag) => Duplex][] = [
  ['by its Observables', (side, room) => ({ sink, room$: room.$, read: (room$) => side.read(room$) })],
  [
    'by its own way',
    (side, room) => ({
      sink,
      room$: NEVER,
      read: () => NEVER,
      plain: {
        attach: (reader) => {
          side.attachPlain(reader);
        },
        pull: (reader) => {
          side.pull(reader);
        },
        detach: (reader) => {
          side.detach(reader);
        },
        watchRoom: (watcher) => {
          room.watch(watcher);
        },
      },
    }),
  ],
];

describe.each(channels)('a channel by plain calls, %s', (_, make) => {
  it('gives bytes in order, and only while there is room; then its end', () => {
    const side = new ReadSide({});
    const channel = plainOf(make(side, new Flag(true)));
    const reader = new Reader();
    side.push(chunk(1));
    channel.attach(reader);
    reader.hasRoom = false;
    channel.pull(reader);
    side.push(chunk(2));
    expect(reader.seen).toEqual([1]);
    reader.hasRoom = true;
    channel.pull(reader);
    side.end();
    expect(reader.seen).toEqual([1, 2, '|']);
  });

  it('tells that it broke', () => {
    const side = new ReadSide({});
    const reader = new Reader();
    plainOf(make(side, new Flag(true))).attach(reader);
    side.fail(Object.assign(new Error('gone'), { code: 'ERR_TRANSPORT' }));
    expect(reader.seen).toEqual(['ERR_TRANSPORT']);
  });

  it('gives nothing to a reader that has left, nor asks for anything', () => {
    const demand: boolean[] = [];
    const side = new ReadSide({ onDemand: (wanted) => demand.push(wanted) });
    const channel = plainOf(make(side, new Flag(true)));
    const reader = new Reader();
    channel.attach(reader);
    channel.detach(reader);
    side.push(chunk(1));
    expect([reader.seen, demand]).toEqual([[], [true, false]]);
  });

  it('tells whether there is room to write, at once and on every change', () => {
    const room = new Flag(true);
    const told: boolean[] = [];
    plainOf(make(new ReadSide({}), room)).watchRoom({ onRoom: (hasRoom) => told.push(hasRoom) });
    room.set(false);
    room.set(true);
    expect(told).toEqual([true, false, true]);
  });
});

describe('a plain reader', () => {
  it('that a newer one takes over from is told so', () => {
    const side = new ReadSide({});
    const [older, newer] = [new Reader(), new Reader()];
    side.attachPlain(older);
    side.attachPlain(newer);
    side.push(chunk(1));
    expect([older.seen, newer.seen]).toEqual([['ERR_STREAM_TAKEN'], [1]]);
  });
});

describe('a settled channel', () => {
  const bench = (): { readonly side: ReadSide; readonly raw: Duplex } => {
    const side = new ReadSide({});
    return { side, raw: { sink, room$: NEVER, read: (room$) => side.read(room$) } };
  };

  it('is without the bytes that were put back, once those are read', () => {
    const { raw } = bench();
    const wrapped = unread(raw, chunk(1));
    expect(settledOf(wrapped)).toBe(wrapped);
    wrapped.read().subscribe().unsubscribe();
    expect(settledOf(wrapped)).toBe(raw);
  });

  it('is without the watch for its first byte, once that has come', () => {
    const { side, raw } = bench();
    const watched = tellFirstByte(raw, () => undefined);
    expect(settledOf(watched)).toBe(watched);
    watched.read(new BehaviorSubject(true)).subscribe();
    side.push(chunk(1));
    expect(settledOf(watched)).toBe(raw);
  });
});
