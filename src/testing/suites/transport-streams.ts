/** What a suite asks of streams over a transport: all bytes, either end first, numbers, stalls, many. */
import { BehaviorSubject } from 'rxjs';
import { StreamResetError } from '../../core/errors.js';
import type { Connection, Stream } from '../../core/stream-contract.js';
import { blocks, Checksum, hear, mustMatch, send } from './bytes.js';
import { inbox, PROTOCOL, type Inbox, type TransportBench } from './transport-bench.js';
import { dial, type TransportCheck } from './transport-connections.js';
import { done, first, must } from './waiting.js';

const RESET_CODE = 0x2a;
const OTHER_CODE = 0x1234;

interface Joined {
  readonly connection: Connection;
  readonly inbound: Inbox;
}
async function joined(bench: TransportBench): Promise<Joined> {
  const [dialer, listener] = [await bench.make(), await bench.listener()];
  const inbound = inbox(bench, listener);
  return { connection: await dial(bench, dialer, listener.host.addrs), inbound };
}

async function opened(
  bench: TransportBench,
): Promise<Joined & { readonly near: Stream; readonly far: Stream }> {
  const both = await joined(bench);
  const near = await first(both.connection.newStream(PROTOCOL));
  return { ...both, near, far: await both.inbound.nth(0) };
}

/** Sends so much, and tells its checksum at the end. */
async function sendAll(from: Stream, byteLength: number, seed: number): Promise<Checksum> {
  const sum = new Checksum();
  await done(send(from, blocks(byteLength, seed, sum)));
  return sum;
}

export const streamChecks: Readonly<Record<string, TransportCheck>> = {
  'carries every byte in order, one way and then the other': async (bench) => {
    const { bytes, timeoutMs } = bench.settings;
    const { near, far } = await opened(bench);
    const [atFar, atNear] = [hear(far), hear(near)];
    await mustMatch(atFar, await sendAll(near, bytes, 1), 'from the dialer', timeoutMs);
    await mustMatch(atNear, await sendAll(far, bytes, 2), 'from the listener', timeoutMs);
  },

  'carries every byte in order, both ways at once': async (bench) => {
    const { bytes, timeoutMs } = bench.settings;
    const { near, far } = await opened(bench);
    const [atFar, atNear] = [hear(far), hear(near)];
    const [fromNear, fromFar] = await Promise.all([sendAll(near, bytes, 3), sendAll(far, bytes, 4)]);
    await mustMatch(atFar, fromNear, 'from the dialer', timeoutMs);
    await mustMatch(atNear, fromFar, 'from the listener', timeoutMs);
  },

  'half-closes: the side that has ended still hears the other': async (bench) => {
    for (const ends of ['dialer', 'listener'] as const) {
      const { near, far } = await opened(bench);
      const [first, second] = ends === 'dialer' ? [near, far] : [far, near];
      const atSecond = hear(second);
      const sent = await sendAll(first, 10_000, 5);
      await mustMatch(atSecond, sent, `the ${ends}'s bytes`, bench.settings.patienceMs);
      const atFirst = hear(first);
      const answer = await sendAll(second, 100_000, 6);
      await mustMatch(atFirst, answer, `after the ${ends} had ended`, bench.settings.patienceMs);
    }
  },

  'resets either end, with the number, and nothing but that stream': async (bench) => {
    const { connection, inbound, near, far } = await opened(bench);
    const atFar = hear(far);
    near.error(new Error('the suite resets'), RESET_CODE);
    await mustBeReset(bench, atFar.end, RESET_CODE, 'by the dialer');
    const other = await first(connection.newStream(PROTOCOL));
    const atOther = hear(other);
    (await inbound.nth(1)).error(new Error('the suite resets'), OTHER_CODE);
    await mustBeReset(bench, atOther.end, OTHER_CODE, 'by the listener');
    const third = await first(connection.newStream(PROTOCOL));
    const atThird = hear(await inbound.nth(2));
    await mustMatch(atThird, await sendAll(third, 1_000, 7), 'behind two resets', bench.settings.patienceMs);
  },

  'stalls a writer whose reader takes nothing, holds no more than the window, and loses nothing': async (
    bench,
  ) => {
    const { heldBytes, timeoutMs } = bench.settings;
    const { connection, inbound, near, far } = await opened(bench);
    const sum = new Checksum();
    const written = done(send(near, blocks(3 * heldBytes, 8, sum)));
    const what = `more than ${String(heldBytes)} bytes went to a reader that takes none`;
    await bench.standsStill(() => sum.byteLength, heldBytes, what);
    // Nobody else is held up.
    const other = await first(connection.newStream(PROTOCOL));
    const atOther = hear(await inbound.nth(1));
    await mustMatch(atOther, await sendAll(other, 500_000, 9), 'beside a stalled stream', timeoutMs);
    const room = new BehaviorSubject(false);
    const heard = hear(far, room);
    must(heard.sum.byteLength === 0, 'a reader without room was given bytes');
    room.next(true);
    await bench.within(written, 'the writer did not go on when its reader did', timeoutMs);
    await mustMatch(heard, sum, 'after the stall', timeoutMs);
  },

  'opens, uses and ends many streams on one connection, and none is left': async (bench) => {
    const { streams, streamsAtOnce } = bench.settings;
    const { connection, inbound } = await joined(bench);
    let served = 0;
    for (let done = 0; done < streams; done += streamsAtOnce) {
      const count = Math.min(streamsAtOnce, streams - done);
      const near = await Promise.all(
        Array.from({ length: count }, () => first(connection.newStream(PROTOCOL))),
      );
      await inbound.nth(done + count - 1);
      const far = inbound.streams.slice(done);
      for (const stream of far) stream.pipeTo(stream).subscribe({ error: () => undefined });
      await Promise.all(
        near.map(async (stream, at) => {
          const heard = hear(stream);
          await mustMatch(
            heard,
            await sendAll(stream, 1_500, done + at),
            'one of many',
            bench.settings.patienceMs,
          );
          served += 1;
        }),
      );
    }
    must(served === streams, `${String(served)} of ${String(streams)} streams were served`);
    const remote = (): number => inbound.streams[0]?.connection.streams.length ?? 0;
    await bench.until(
      () => connection.streams.length + remote() === 0,
      `${String(connection.streams.length)} and ${String(remote())} streams are left`,
    );
  },
};

async function mustBeReset(
  bench: TransportBench,
  end: Promise<unknown>,
  code: number,
  whom: string,
): Promise<void> {
  const error = await bench.within(end, `reset ${whom}, and the other end does not hear of it`);
  must(error instanceof StreamResetError, `reset ${whom}, and the other end hears ${String(error)}`);
  if (bench.settings.resetCodes)
    must(error.resetCode === code, `reset ${whom} with ${String(code)}; came ${String(error.resetCode)}`);
}
