import { codeOf } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { Duplex } from '../../src/core/duplex.js';
import { seededRandom } from '../../src/testing.js';
import { seededChance } from '../../src/testing/chance.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { linkedPair } from '../../src/transports/memory-duplex.js';
import { FREE, MemoryLink, type LinkConditions } from '../../src/transports/memory-link.js';
import { linkedNetwork, memory } from '../../src/transports/memory.js';

const KIB = 1024;
const SEGMENT = 1_460;

/** Two ends, and a recorder of what comes out of the far one. */
function pair(there: Partial<LinkConditions>, back: Partial<LinkConditions> = {}, seed = 1) {
  const clock = new VirtualClock();
  const link = new MemoryLink({ ...FREE, ...there }, seededChance(`${String(seed)}/there`));
  const backLink = new MemoryLink({ ...FREE, ...back }, seededChance(`${String(seed)}/back`));
  const [near, far] = linkedPair({ scheduler: clock, link }, { scheduler: clock, link: backLink });
  const runTo = (ms: number): void => {
    while ((clock.nextAt ?? Infinity) <= ms) clock.step();
    clock.moveTo(ms);
  };
  return { clock, link, back: backLink, near, far, runTo };
}
/** What is read, as `[ms, bytes]`, and the end. */
function record(clock: VirtualClock, duplex: Duplex): [number, number | string][] {
  const seen: [number, number | string][] = [];
  duplex.read().subscribe({
    next: (bytes) => seen.push([clock.now(), bytes.byteLength]),
    error: (error: unknown) => seen.push([clock.now(), codeOf(error)]),
    complete: () => seen.push([clock.now(), '|']),
  });
  return seen;
}
function rooms(duplex: Duplex): boolean[] {
  const seen: boolean[] = [];
  duplex.room$.subscribe((room) => seen.push(room));
  return seen;
}
const count = (byteLength: number, from = 0): Uint8Array =>
  Uint8Array.from({ length: byteLength }, (_, at) => (from + at) % 251);

describe('jitter', () => {
  it('makes every write late by up to so much, never early, and in order', () => {
    const { clock, near, far, runTo } = pair({ latencyMs: 100, jitterMs: 50 });
    const arrivals: number[] = [];
    let next = 0;
    far.read().subscribe((bytes) => {
      expect(bytes[0]).toBe(next % 251);
      next += 1;
      arrivals.push(clock.now());
    });
    for (let at = 0; at < 1_000; at += 1)
      clock.schedule(() => {
        near.sink.next(count(1, at));
      }, at * 10);
    runTo(60_000);
    const late = arrivals.map((at, write) => at - write * 10 - 100);
    expect(arrivals).toHaveLength(1_000);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(50);
    expect(Math.max(...late) - Math.min(...late)).toBeGreaterThan(30);
  });

  it('is the same for the same seed, and another for another', () => {
    const run = (seed: number): number[] => {
      const { clock, near, far, runTo } = pair({ jitterMs: 50 }, {}, seed);
      const arrivals: number[] = [];
      far.read().subscribe(() => arrivals.push(clock.now()));
      for (let at = 0; at < 20; at += 1)
        clock.schedule(() => {
          near.sink.next(count(1));
        }, at * 100);
      runTo(10_000);
      return arrivals;
    };
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });
});

describe('bytes per second', () => {
  it('delay what is written by what it takes to send it, piece by piece', () => {
    const { clock, near, far, runTo } = pair({ latencyMs: 100, bytesPerSecond: SEGMENT });
    const seen = record(clock, far);
    near.sink.next(count(2 * SEGMENT + SEGMENT / 2));
    near.sink.complete();
    runTo(60_000);
    expect(seen).toEqual([
      [1_100, SEGMENT],
      [2_100, SEGMENT],
      [2_600, SEGMENT / 2],
      [2_600, '|'],
    ]);
  });

  it('are pieces of a millisecond on fast links, so that a megabyte is no thousand events', () => {
    const { clock, near, far, runTo } = pair({ bytesPerSecond: 10_000_000 });
    const seen = record(clock, far);
    near.sink.next(count(100_000));
    runTo(1_000);
    expect(seen).toEqual(Array.from({ length: 10 }, (_, at) => [at + 1, 10_000]));
    const fastest = pair({ bytesPerSecond: 1e12 });
    const bursts = record(fastest.clock, fastest.far);
    fastest.near.sink.next(count(128 * KIB));
    fastest.runTo(1_000);
    expect(bursts.map(([, bytes]) => bytes)).toEqual([64 * KIB, 64 * KIB]);
  });

  it('are shared by the connections of the link', () => {
    const { clock, link, near, far, runTo } = pair({ bytesPerSecond: SEGMENT });
    const [otherNear, otherFar] = linkedPair(
      { scheduler: clock, link },
      { scheduler: clock, link: new MemoryLink(FREE) },
    );
    const [seen, others] = [record(clock, far), record(clock, otherFar)];
    near.sink.next(count(SEGMENT));
    otherNear.sink.next(count(SEGMENT));
    near.sink.next(count(SEGMENT));
    runTo(60_000);
    expect([seen, others]).toEqual([
      [
        [1_000, SEGMENT],
        [3_000, SEGMENT],
      ],
      [[2_000, SEGMENT]],
    ]);
  });

  it('press back on the writer above 256 KiB, until half of that is left', () => {
    const { near, far, runTo } = pair({ bytesPerSecond: 64 * KIB });
    const seen = rooms(near);
    far.read().subscribe();
    near.sink.next(new Uint8Array(256 * KIB));
    expect(seen).toEqual([true]);
    near.sink.next(new Uint8Array(64 * KIB));
    expect(seen).toEqual([true, false]);
    runTo(2_990);
    expect(seen).toEqual([true, false]);
    runTo(3_010);
    expect(seen).toEqual([true, false, true]);
  });

  it('may change: what was written before keeps its pace, and nothing overtakes it', () => {
    const { clock, link, near, far, runTo } = pair({ bytesPerSecond: SEGMENT });
    const seen = record(clock, far);
    near.sink.next(count(2 * SEGMENT));
    link.change({ bytesPerSecond: Infinity });
    near.sink.next(count(5));
    runTo(60_000);
    expect(seen).toEqual([
      [1_000, SEGMENT],
      [2_000, SEGMENT],
      [2_000, 5],
    ]);
  });
});

describe('loss', () => {
  /** 1,000 segments over a line of 50 ms each way. */
  const transfer = (loss: number, seed = 1) => {
    const { clock, near, far, runTo } = pair({ latencyMs: 50, loss }, { latencyMs: 50 }, seed);
    const got: Uint8Array[] = [];
    let lastAt = 0;
    far.read().subscribe((bytes) => {
      got.push(bytes);
      lastAt = clock.now();
    });
    const sent = count(1_000 * SEGMENT);
    for (let at = 0; at < 100; at += 1)
      clock.schedule(() => {
        near.sink.next(sent.subarray(at * 10 * SEGMENT, (at + 1) * 10 * SEGMENT));
      }, at * 10);
    runTo(3_600_000);
    return { sent, got: Buffer.concat(got), lastAt, times: got.length };
  };

  it.each([0.01, 0.1, 0.3])('F15: of %f loses no byte and turns none around, only time', (loss) => {
    const { sent, got, lastAt } = transfer(loss);
    expect(got.equals(sent)).toBe(true);
    expect(lastAt).toBeGreaterThan(1_040);
    expect(transfer(loss).lastAt).toBe(lastAt);
    expect(transfer(loss, 2).lastAt).not.toBe(lastAt);
  });

  it('costs a segment one round trip, then twice and four times as much, and holds up those behind', () => {
    const clock = new VirtualClock();
    const chances = [0, 0.9, 0, 0, 0.9];
    const link = new MemoryLink({ ...FREE, latencyMs: 50, loss: 0.5 }, () => chances.shift() ?? 0.9);
    const backLink = new MemoryLink({ ...FREE, latencyMs: 50 });
    const [near, far] = linkedPair({ scheduler: clock, link }, { scheduler: clock, link: backLink });
    const seen = record(clock, far);
    near.sink.next(count(SEGMENT + 1));
    while (clock.nextAt !== undefined) clock.step();
    // Lost at 0, 100 and 300 ms; what came at 50 ms had to wait.
    expect(seen).toEqual([
      [750, SEGMENT],
      [750, 1],
    ]);
  });

  it('of all is silence, until it is less', () => {
    const { clock, link, near, far, runTo } = pair({ loss: 1 });
    const seen = record(clock, far);
    near.sink.next(count(5));
    runTo(600_000);
    expect(seen).toEqual([]);
    link.change({ loss: 0 });
    runTo(660_000);
    expect(seen.map(([, bytes]) => bytes)).toEqual([5]);
  });

  it('leaves no timer behind when nobody waits any more', () => {
    const { clock, near, far, runTo } = pair({ loss: 1 });
    record(clock, far);
    near.sink.next(count(5));
    runTo(10_000);
    far.sink.error(new Error('enough'));
    runTo(100_000);
    expect(clock.nextAt).toBeUndefined();
  });
});

describe('a link that is down', () => {
  it('F16: holds what is under way and what is written, and delivers it in order when it is up again', () => {
    const { clock, link, near, far, runTo } = pair({ latencyMs: 100 });
    const seen = record(clock, far);
    near.sink.next(count(1));
    runTo(50);
    link.change({ up: false });
    near.sink.next(count(2));
    runTo(200);
    near.sink.next(count(3));
    near.sink.complete();
    runTo(60_000);
    expect(seen).toEqual([]);
    link.change({ up: true });
    near.sink.next(count(9));
    runTo(120_000);
    expect(seen).toEqual([
      [60_100, 1],
      [60_100, 2],
      [60_100, 3],
      [60_100, '|'],
    ]);
  });

  it('may go down again before what it held has arrived', () => {
    const { clock, link, near, far, runTo } = pair({ latencyMs: 100, up: false });
    const seen = record(clock, far);
    near.sink.next(count(1));
    link.change({ up: true });
    runTo(50);
    link.change({ up: false });
    near.sink.next(count(2));
    runTo(1_000);
    link.change({ latencyMs: 10 });
    expect(seen).toEqual([]);
    link.change({ up: true });
    runTo(2_000);
    expect(seen).toEqual([
      [1_010, 1],
      [1_010, 2],
    ]);
  });

  it('leaves the other direction alone, but for the word that bytes were taken', () => {
    const { clock, back, near, far, runTo } = pair({}, { up: false });
    const [seen, room] = [record(clock, far), rooms(near)];
    near.sink.next(new Uint8Array(300 * KIB));
    runTo(1_000);
    expect([seen, room]).toEqual([[[0, 300 * KIB]], [true, false]]);
    back.change({ up: true });
    expect(room).toEqual([true, false, true]);
  });

  it('holds a reset too', () => {
    const { clock, link, near, far, runTo } = pair({ latencyMs: 10, up: false });
    const seen = record(clock, far);
    near.sink.error(new Error('gone'));
    runTo(1_000);
    expect(seen).toEqual([]);
    link.change({ up: true });
    runTo(2_000);
    expect(seen).toEqual([[1_010, 'ERR_TRANSPORT']]);
  });
});

describe('a black hole', () => {
  it('swallows what is under way and what is written, and the connection’s future with it', () => {
    const { clock, link, near, far, runTo } = pair({ latencyMs: 100 });
    const seen = record(clock, far);
    near.sink.next(count(1));
    runTo(50);
    link.change({ blackHole: true });
    runTo(1_000);
    link.change({ blackHole: false });
    near.sink.next(count(2));
    near.sink.complete();
    near.sink.error(new Error('gone'));
    runTo(100_000);
    expect([seen, clock.nextAt]).toEqual([[], undefined]);
  });

  it('is one way', () => {
    const { clock, near, far, runTo } = pair({ blackHole: true });
    const seen = record(clock, near);
    near.sink.next(count(1));
    far.sink.next(count(2));
    runTo(100);
    expect(seen).toEqual([[0, 2]]);
  });

  it('has swallowed nothing of a connection that was silent meanwhile', () => {
    const { clock, link, near, far, runTo } = pair({});
    const seen = record(clock, far);
    link.change({ blackHole: true });
    link.change({ blackHole: false });
    near.sink.next(count(1));
    runTo(100);
    expect(seen).toEqual([[0, 1]]);
  });

  it('P9: fills the writer’s buffer: no room above 256 KiB, and the end after 10 s', () => {
    const { clock, near, runTo } = pair({ blackHole: true });
    const [room, seen] = [rooms(near), record(clock, near)];
    near.sink.next(new Uint8Array(256 * KIB + 1));
    expect(room).toEqual([true, false]);
    runTo(9_999);
    expect(seen).toEqual([]);
    runTo(10_000);
    expect(seen).toEqual([[10_000, 'ERR_WRITE_STALLED']]);
  });
});

describe('a writer without room', () => {
  it('F12: is cut off when none of it is taken for 10 s; the other end learns of it', () => {
    const { clock, near, far, runTo } = pair({ latencyMs: 10 });
    const seen = record(clock, near);
    near.sink.next(new Uint8Array(300 * KIB));
    runTo(60_000);
    expect(seen).toEqual([[10_000, 'ERR_WRITE_STALLED']]);
    const late = record(clock, far);
    expect(late).toEqual([[60_000, 'ERR_TRANSPORT']]);
  });

  it('P9: goes on for as long as something is taken, however slowly', () => {
    const { clock, near, far, runTo } = pair({ bytesPerSecond: KIB });
    const seen = record(clock, near);
    far.read().subscribe();
    near.sink.next(new Uint8Array(300 * KIB));
    runTo(250_000);
    expect(seen).toEqual([]);
    expect(rooms(near)).toEqual([true]);
  });

  it('is not judged while it has room', () => {
    const { clock, near, runTo } = pair({ up: false });
    const seen = record(clock, near);
    near.sink.next(new Uint8Array(256 * KIB));
    runTo(3_600_000);
    expect(seen).toEqual([]);
  });
});

describe('connecting', () => {
  /** A dial at 0; `[ms, what]`. */
  const bench = (
    there: Partial<LinkConditions>,
    back: Partial<LinkConditions> = {},
    chance?: () => number,
  ) => {
    const clock = new VirtualClock();
    const links = {
      there: new MemoryLink({ ...FREE, ...there }, chance),
      back: new MemoryLink({ ...FREE, ...back }),
    };
    const network = linkedNetwork((from) => (from === '7' ? links.back : links.there));
    const make = () => memory({ network }).create({ scheduler: clock, random: seededRandom(1) });
    const inbound: number[] = [];
    const listen = (): void => {
      make()
        .listen(parseMultiaddr('/memory/7'))
        .subscribe((event) => {
          if (event.type === 'inbound') inbound.push(clock.now());
        });
    };
    const seen: [number, string][] = [];
    const dial = () =>
      make()
        .dial(parseMultiaddr('/memory/7'))
        .subscribe({
          next: () => seen.push([clock.now(), 'connected']),
          error: (error: unknown) => seen.push([clock.now(), codeOf(error)]),
        });
    const runTo = (ms: number): void => {
      while ((clock.nextAt ?? Infinity) <= ms) clock.step();
      clock.moveTo(ms);
    };
    return { clock, links, inbound, listen, dial, seen, runTo };
  };

  it('tries again after 1 s, 2 s, 4 s … when it gets lost', () => {
    const chances = [0, 0, 0, 0.9];
    const made = bench({ latencyMs: 10, loss: 0.5 }, { latencyMs: 10 }, () => chances.shift() ?? 0.9);
    made.listen();
    made.dial();
    made.runTo(60_000);
    expect([made.inbound, made.seen]).toEqual([[7_010], [[7_020, 'connected']]]);
  });

  it('hangs while the link is down, refused by nobody, and succeeds with the first try after', () => {
    const made = bench({ up: false });
    made.dial();
    made.runTo(20_000);
    expect(made.seen).toEqual([]);
    made.listen();
    made.links.there.change({ up: true });
    made.runTo(60_000);
    expect(made.seen).toEqual([[31_000, 'connected']]);
  });

  it('hangs while the way back is down: the other end has heard, and answers when it can', () => {
    const made = bench({}, { up: false, latencyMs: 5 });
    made.listen();
    made.dial();
    made.runTo(500);
    expect([made.inbound, made.seen]).toEqual([[0], []]);
    made.links.back.change({ up: true });
    made.runTo(60_000);
    expect([made.inbound, made.seen]).toEqual([[0], [[505, 'connected']]]);
  });

  it('gets lost where the link goes down under way', () => {
    const made = bench({ latencyMs: 100 });
    made.listen();
    made.dial();
    made.runTo(50);
    made.links.there.change({ up: false });
    made.runTo(500);
    made.links.there.change({ up: true });
    made.runTo(60_000);
    expect(made.inbound).toEqual([1_100]);
  });

  it('into a black hole is swallowed; a later try, past it, is not', () => {
    const made = bench({ blackHole: true });
    made.listen();
    made.dial();
    made.runTo(2_500);
    made.links.there.change({ blackHole: false });
    made.runTo(60_000);
    expect(made.seen).toEqual([[3_000, 'connected']]);
  });

  it('that is given up leaves nothing to run', () => {
    const made = bench({ up: false });
    const dial = made.dial();
    made.runTo(10_000);
    dial.unsubscribe();
    expect(made.clock.nextAt).toBeUndefined();
  });

  it('is refused only by those who can be heard', () => {
    const made = bench({}, { up: false });
    made.dial();
    made.runTo(60_000);
    expect(made.seen).toEqual([]);
    made.links.back.change({ up: true });
    made.runTo(60_000);
    expect(made.seen).toEqual([[60_000, 'ERR_TRANSPORT']]);
  });
});
