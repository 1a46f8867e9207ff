/** What a failed dial says. @source go-libp2p swarm, dial errors (DERR-1 to DERR-7) */
import { map } from 'rxjs';
import type { DialStrategy } from '../../src/core/dial-contract.js';
import { DialError } from '../../src/core/dial-error.js';
import { Libp2pError, TimeoutError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import {
  connects,
  dialBench,
  fails,
  hangs,
  NOTHING_LEFT,
  PEER,
  type BenchOptions,
  type Fate,
} from '../support/dial-bench.js';

const A = '/ip4/1.1.1.1/tcp/1';
const B = '/ip4/2.2.2.2/tcp/2';
const many = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `/ip4/9.9.9.9/tcp/${String(at + 1)}`);
const refuses =
  (...addrs: readonly string[]): DialStrategy =>
  (plan$) =>
    plan$.pipe(
      map((plan) => ({
        ...plan,
        refused: addrs.map((addr) => ({ addr: parseMultiaddr(addr), error: new Error('refused') })),
      })),
    );

/** The error of a dial, once it has come. */
function errorOf(
  fates: Readonly<Record<string, Fate>>,
  addrs: readonly string[],
  options: BenchOptions = {},
): DialError {
  const bench = dialBench(fates, options);
  const { error } = waited(bench, addrs);
  expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  return error as DialError;
}
function waited(bench: ReturnType<typeof dialBench>, addrs: readonly string[]) {
  const outcome = bench.dial(addrs);
  bench.advance(120_000);
  return outcome;
}

describe("a dial's error", () => {
  it('DERR-1, DERR-3: names the peer, the cause, and every address with its own', () => {
    const error = errorOf({ [A]: fails(10, new Error('refused')), [B]: fails(5, new Error('no route')) }, [
      A,
      B,
    ]);
    expect(error).toBeInstanceOf(DialError);
    expect(error.peer).toBe(PEER);
    expect(error.message).toBe(
      `failed to dial ${PEER.toString()}: all dials failed\n  * [${B}] no route\n  * [${A}] refused`,
    );
    expect([error.code, error.cause?.message, error.skipped]).toEqual([
      'ERR_DIAL_FAILED',
      'all dials failed',
      0,
    ]);
  });

  it.each([
    [15, 15, 0],
    [16, 16, 0],
    [17, 16, 1],
    [40, 16, 24],
  ])('DERR-2: of %d failures it lists %d and skips %d', (count, listed, skipped) => {
    const addrs = many(count);
    const error = errorOf(Object.fromEntries(addrs.map((addr) => [addr, fails(1)])), addrs);
    expect([error.errors.length, error.skipped]).toEqual([listed, skipped]);
    expect(error.message.includes('skipping')).toBe(skipped > 0);
  });

  it('DERR-2: refusals come first, and count towards the 16', () => {
    const addrs = many(10);
    const fates = Object.fromEntries(addrs.map((addr) => [addr, fails(1)]));
    const error = errorOf(fates, addrs, {
      strategy: refuses(...Array.from({ length: 10 }, (_, at) => `/ip4/8.8.8.8/tcp/${String(at + 1)}`)),
    });
    expect(error.errors.map(({ error: { message } }) => message)).toEqual([
      ...Array.from({ length: 16 }, () => 'refused'),
    ]);
    expect([
      error.errors.filter(({ addr }) => addr.toString().startsWith('/ip4/8')).length,
      error.skipped,
    ]).toEqual([10, 4]);
    expect(error.code).toBe('ERR_DIAL_FAILED');
  });

  it('DERR-5: matches its own code and those of its addresses', () => {
    const error = errorOf({ [A]: fails(1, new Libp2pError('ERR_NOISE_HANDSHAKE', 'remote', 'no')) }, [A]);
    expect(
      ['ERR_DIAL_FAILED', 'ERR_NOISE_HANDSHAKE', 'ERR_TIMEOUT'].map((code) => error.matches(code)),
    ).toEqual([true, true, false]);
  });

  it('DERR-6: is a timeout if the dial ran out of time, and not if an address did', () => {
    const [all, one] = [errorOf({}, [A], { addrTimeoutMs: 90_000 }), errorOf({}, [A])];
    expect([all.isTimeout, one.isTimeout]).toEqual([true, false]);
    expect(all.cause).toBeInstanceOf(TimeoutError);
    expect(all.errors.map(({ error: { message } }) => message)).toEqual([
      "it had not answered when the dial's time was up",
    ]);
  });

  it('DERR-6: that ran out of time says what had not been dialed', () => {
    const slow: DialStrategy = map((plan) => ({
      ...plan,
      dials: plan.dials.map((dial, at) => ({ ...dial, delayMs: at * 70_000 })),
    }));
    const error = errorOf({ [A]: hangs }, [A, B], { addrTimeoutMs: 90_000, strategy: slow });
    expect(error.errors.map(({ addr, error: { message } }) => [addr.toString(), message])).toEqual([
      [A, "it had not answered when the dial's time was up"],
      [B, "it had not been dialed when the dial's time was up"],
    ]);
  });

  it.each<[string, readonly string[], BenchOptions, string, string]>([
    ['no addresses', [], {}, 'ERR_NO_ADDRESSES', 'no addresses'],
    [
      'no good addresses',
      [A],
      { refusesAddr: () => new Libp2pError('ERR_GATED', 'local', 'no') },
      'ERR_NO_ADDRESSES',
      'no good addresses',
    ],
    [
      'a gater',
      [A],
      { refusesPeer: () => new Libp2pError('ERR_GATED', 'local', 'gater disallows connection to peer') },
      'ERR_GATED',
      'gater disallows connection to peer',
    ],
  ])('DERR-7: says why the whole dial failed: %s', (_what, addrs, options, code, message) => {
    const error = errorOf({}, addrs, options);
    expect([error.code, error.cause?.message]).toEqual([code, message]);
  });

  it('says when the first back-off among its addresses ends', () => {
    const bench = dialBench({ [A]: fails(1_000), [B]: fails(3_000) });
    const first = bench.dial([A, B]);
    bench.advance(3_000);
    // A is blocked until 6,000, B until 8,000.
    expect((first.error as DialError).retryAfterMs).toBe(3_000);
    const second = bench.dial([B]);
    bench.advance(10);
    expect(second.error).toMatchObject({
      retryAfterMs: 5_000,
      errors: [{ error: { code: 'ERR_DIAL_BACKOFF' } }],
    });
  });

  it('says nothing of back-off where there is none', () => {
    const gone = errorOf({ [A]: fails(1, new Libp2pError('ERR_BLACK_HOLE', 'network', 'swallowed')) }, [A]);
    expect([gone.retryAfterMs, errorOf({}, []).retryAfterMs]).toEqual([undefined, undefined]);
  });

  it('is the end of its dialUpdates too, with the same code and message', () => {
    const bench = dialBench({ [A]: fails(10) });
    const outcome = bench.dial([A]);
    const { events } = bench.updates([A]);
    bench.advance(10);
    const { code, message } = outcome.error as DialError;
    expect(events.at(-1)).toMatchObject({ type: 'dial:end', outcome: 'failed', afterMs: 10, code, message });
  });
});

describe('F19: of a peer whose addresses are dead', () => {
  it('the one alive is reached, though it is the last', () => {
    const dead = many(20);
    const bench = dialBench({ [A]: connects(10) });
    const outcome = waited(bench, [...dead, A]);
    expect([outcome.id, bench.leftovers()]).toEqual([A, NOTHING_LEFT]);
  });

  it('the deadline of the whole dial holds, and only those that were tried are left alone for a while', () => {
    const dead = many(40);
    const bench = dialBench({}, { peerTimeoutMs: 50_000 });
    const outcome = bench.dial(dead);
    bench.advance(49_999);
    expect(outcome.error).toBeUndefined();
    bench.advance(1);
    expect([outcome.at, (outcome.error as DialError).code]).toEqual([50_000, 'ERR_TIMEOUT']);
    // Eight at a time, 15 s each; the last eight were cancelled, which is no failure of theirs.
    expect(bench.attempts.map(({ addr, startedAt }) => [addr, startedAt])).toEqual(
      dead.slice(0, 32).map((addr, at) => [addr, Math.floor(at / 8) * 15_000]),
    );
    const wasBlocked = (addr: string): boolean =>
      bench.backoff.blockedUntil(PEER.toString(), addr, 15_001) !== undefined;
    expect(dead.filter(wasBlocked)).toEqual(dead.slice(0, 24));
    expect(bench.leftovers()).toEqual(NOTHING_LEFT);
  });
});
