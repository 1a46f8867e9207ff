import { codeOf, LimitError } from '../../core/errors.js';
import type { MuxerFactory } from '../../host/contract.js';
import { blocks, Checksum, hear, mustMatch, send } from './bytes.js';
import { MuxerBench, SuiteStream, type SuiteSession } from './muxer-bench.js';
import { checkedMuxerOptions, type MuxerSuiteOptions } from './part-options.js';
import { register } from './runner.js';
import { inPieces, suiteWire } from './suite-wire.js';
import { done, must, standsStill, within } from './waiting.js';

const RESET_CODE = 0x2a;
/** No muxer has room for as many streams that nobody answers. */
const TOO_MANY = 100_000;

/**
 * Registers the rules that every muxer must keep, as `transportSuite` does those of transports. `factory` gives a fresh
 * part each time. Throws ERR_INVALID_OPTION.
 */
export function muxerSuite(name: string, factory: () => MuxerFactory, options: MuxerSuiteOptions = {}): void {
  const settings = checkedMuxerOptions(options);
  const checks = Object.entries(RULES).map(([rule, check]) => ({
    name: rule,
    timeoutMs: settings.timeoutMs,
    run: async (): Promise<void> => {
      const bench = new MuxerBench(factory, settings);
      try {
        await within(check(bench), 'the check has not ended', settings.timeoutMs);
      } finally {
        bench.close();
      }
    },
  }));
  register(name, checks, settings.runner);
}

type MuxerCheck = (bench: MuxerBench) => Promise<void>;

const RULES: Readonly<Record<string, MuxerCheck>> = {
  'opens streams from either end': async (bench) => {
    const { near, far } = bench.pair();
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const [stream, other] = await bench.open(from, to);
      const heard = hear(other);
      stream.sink.next(new Uint8Array([1, 2, 3]));
      await bench.until(() => heard.sum.byteLength === 3, 'nothing comes');
    }
    must(
      near.session.streamCount === 2,
      `there are two streams; it counts ${String(near.session.streamCount)}`,
    );
  },

  'carries every byte in order, both ways at once': async (bench) => {
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    const { bytes } = bench.settings;
    await Promise.all([
      bench.carry(stream, other, bytes, 'from the client'),
      bench.carry(other, stream, bytes, 'from the server'),
    ]);
    const { bytesRead, bytesWritten } = near.session;
    must(
      bytesRead >= bytes && bytesWritten >= bytes,
      `${String(bytes)} bytes went each way; it counts ${String(bytesRead)} and ${String(bytesWritten)}`,
    );
  },

  'does not care where the wire cuts': async (bench) => {
    for (const size of [1, 3, 7]) {
      const { near, far } = bench.pair(suiteWire(inPieces(size), inPieces(size)));
      const [stream, other] = await bench.open(near, far);
      await bench.carry(stream, other, 20_000, `in pieces of ${String(size)}`);
      await bench.carry(other, stream, 20_000, `in pieces of ${String(size)}`);
    }
  },

  'half-closes: the side that has ended still hears the other': async (bench) => {
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    await bench.carry(stream, other, 1_000, 'the client’s bytes');
    must(!stream.closed && !other.closed, 'one side has ended, and the stream is gone');
    await bench.carry(other, stream, 100_000, 'after the client had ended');
    await bench.until(
      () => stream.closed && other.closed,
      'both sides have ended, and the stream is not gone',
    );
  },

  'resets a stream, with the number, and no other': async (bench) => {
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    const [second, third] = await bench.open(far, near);
    const [atStream, atOther] = [hear(stream).end, hear(other).end];
    stream.muxed.reset(new Error('the suite resets'), RESET_CODE);
    for (const end of await bench.within(Promise.all([atStream, atOther]), 'reset, and an end waits'))
      must(end instanceof Error, 'reset, and an end has completed');
    if (bench.settings.resetCodes)
      must(
        other.resetCode === RESET_CODE,
        `reset with ${String(RESET_CODE)}; came ${String(other.resetCode)}`,
      );
    await bench.carry(second, third, 1_000, 'beside a reset');
  },

  'stalls a writer whose reader takes nothing, holds no more than the window, and loses nothing': async (
    bench,
  ) => {
    const { heldBytes, patienceMs, timeoutMs } = bench.settings;
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    const sum = new Checksum();
    const written = done(send(stream, blocks(3 * heldBytes, 2, sum)));
    const what = `more than ${String(heldBytes)} bytes went to a reader that takes none`;
    await standsStill(() => sum.byteLength, heldBytes, what, patienceMs);
    const [beside, itsOther] = await bench.open(near, far);
    await bench.carry(beside, itsOther, 500_000, 'beside a stalled stream');
    const heard = hear(other);
    await within(written, 'the writer did not go on when its reader did', timeoutMs);
    await mustMatch(heard, sum, 'after the stall', timeoutMs);
  },

  'opens, uses and ends many streams, and none is left': async (bench) => {
    const { streams, streamsAtOnce } = bench.settings;
    const { near, far } = bench.pair();
    for (let opened = 0; opened < streams; opened += streamsAtOnce) {
      const count = Math.min(streamsAtOnce, streams - opened);
      await Promise.all(
        (await bench.openMany(near, far, count)).map(async ([stream, other]) => {
          await bench.carry(stream, other, 1_500, 'one of many');
          await bench.carry(other, stream, 10, 'the answer to one of many');
        }),
      );
    }
    const left = (): number => near.session.streamCount + far.session.streamCount;
    await bench.until(() => left() === 0, 'streams are left that both sides have ended');
  },

  'bounds its streams, says so, and has room again': async (bench) => {
    const { near, far } = bench.pair();
    const { session } = near;
    const opened: SuiteStream[] = [];
    while (session.canOpen && opened.length < TOO_MANY) opened.push(new SuiteStream(session.open()));
    must(opened.length < TOO_MANY, `${String(TOO_MANY)} streams are open, and it takes more`);
    must(refusal(near) instanceof LimitError, `one too many: ${String(refusal(near))}, and no LimitError`);
    const freed = done(session.slotFreed$);
    for (const stream of [...opened, ...far.inbound]) stream.muxed.reset(new Error('the suite resets'));
    await bench.within(freed, 'streams have ended, and no slot is free');
    await bench.until(() => session.canOpen, 'streams have ended, and it opens none');
  },

  'ends in order: no more streams, those that there are end as they would, then it is closed': async (
    bench,
  ) => {
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    const heard = hear(other);
    stream.sink.next(new Uint8Array(5));
    near.session.close();
    must(
      codeOf(refusal(near)) === 'ERR_CONNECTION_CLOSED',
      `closing, and open says ${String(refusal(near))}`,
    );
    await bench.within(heard.end, 'closing, and a stream’s other end hears of no end');
    must(heard.sum.byteLength === 5, 'closing has lost what was written before');
    other.sink.complete();
    await mustClose(bench, near, far);
  },

  'ends all at once, at both ends': async (bench) => {
    const { near, far } = bench.pair();
    const [stream, other] = await bench.open(near, far);
    const ends = [hear(stream).end, hear(other).end];
    near.session.abort(new Error('the suite aborts'));
    for (const end of await bench.within(Promise.all(ends), 'aborted, and a stream goes on'))
      must(end instanceof Error, 'aborted, and a stream has completed');
    await mustClose(bench, near, far);
  },

  'ends every stream with an error where the wire is cut, or ends': async (bench) => {
    for (const how of ['cut', 'end'] as const) {
      const wire = suiteWire();
      const { near, far } = bench.pair(wire);
      const [stream, other] = await bench.open(near, far);
      const ends = [hear(stream).end, hear(other).end];
      if (how === 'cut') wire.cut();
      else for (const { sink } of [wire.near, wire.far]) sink.complete();
      for (const end of await bench.within(Promise.all(ends), `the wire’s ${how}, and a stream goes on`))
        must(end instanceof Error, `the wire’s ${how}, and a stream has completed as if all had been said`);
      await mustClose(bench, near, far);
    }
  },

  'ends, and throws nothing, where what comes is no frame': async (bench) => {
    const wire = suiteWire();
    const near = bench.session(wire.near, 'client');
    const stream = new SuiteStream(near.session.open());
    const { end } = hear(stream);
    wire.far.sink.next(new Uint8Array(10_000).fill(0xa5));
    must((await bench.within(end, 'garbage, and a stream goes on')) instanceof Error, 'garbage is an end');
    await bench.until(() => near.closes.length === 1, 'garbage, and it is not closed');
    must(near.closes[0]?.error !== undefined, 'garbage, and it has closed without an error');
  },
};

/** What opening one more throws. */
function refusal({ session }: SuiteSession): unknown {
  try {
    session.open();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function mustClose(bench: MuxerBench, ...sessions: readonly SuiteSession[]): Promise<void> {
  for (const { closes } of sessions)
    await bench.until(() => closes.length > 0, 'it is over, and one end does not say so');
  for (const { closes, session } of sessions) {
    must(closes.length === 1, `it says ${String(closes.length)} times that it is over`);
    must(session.streamCount === 0, 'it is over, and has streams');
  }
}
