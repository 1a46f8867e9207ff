/** A dialer in virtual time, in front of a network that is described by what becomes of each address. */
import { concat, defer, finalize, map, NEVER, of, tap, throwError, timer, type Observable } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions, DialStrategy } from '../../src/core/dial-contract.js';
import { Libp2pError } from '../../src/core/errors.js';
import type { DialEvent, HostEvent } from '../../src/core/events.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { peerIdFrom } from '../../src/core/peer-id.js';
import { Permits } from '../../src/rx/permits.js';
import { DialBackoff } from '../../src/swarm/backoff.js';
import { BlackHoles } from '../../src/swarm/black-hole.js';
import { Unregistered, type ConnectUpdate } from '../../src/swarm/dial-attempt.js';
import type { AttemptTask, DialRequest } from '../../src/swarm/dial-state.js';
import type { DialWorkerDeps } from '../../src/swarm/dial-worker.js';
import { Dialer } from '../../src/swarm/dialer.js';
import { mapDials } from '../../src/swarm/strategies.js';
import { EventLog } from '../../src/swarm/event-log.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

export const PEER = peerIdFrom('12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp');
export const OTHER_PEER = peerIdFrom('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N');

export interface FakeConnection {
  readonly id: string;
  isClosed?: boolean;
}
/** What becomes of a dial. */
export type Fate = (clock: SchedulerLike, addr: string) => Observable<ConnectUpdate<FakeConnection>>;

export const connects =
  (afterMs: number): Fate =>
  (clock, addr) =>
    afterMs === 0
      ? of({ type: 'connected', connection: { id: addr } })
      : timer(afterMs, clock).pipe(map(() => ({ type: 'connected', connection: { id: addr } })));
export const fails =
  (afterMs: number, error: Error = refused()): Fate =>
  (clock) =>
    afterMs === 0
      ? throwError(() => error)
      : timer(afterMs, clock).pipe(
          map(() => {
            throw error;
          }),
        );
export const hangs: Fate = () => NEVER;
/** The socket stands after `afterMs`; then comes what comes then. */
export const handshakes =
  (afterMs: number, then: Fate): Fate =>
  (clock, addr) =>
    concat(
      timer(afterMs, clock).pipe(map(() => ({ type: 'progress', stage: 'connected' }) as const)),
      then(clock, addr),
    );
export const isNotTaken = (afterMs: number): Fate => fails(afterMs, new Unregistered(new Error('not taken')));

export function refused(): Libp2pError {
  return new Libp2pError('ERR_TRANSPORT', 'network', 'refused');
}

/** One dial of one address, as the transport saw it. */
export interface Attempt {
  readonly addr: string;
  readonly task: AttemptTask;
  readonly startedAt: number;
  endedAt?: number;
  /** How it ended, if it has. */
  end?: 'completed' | 'failed' | 'cancelled';
}

export interface BenchOptions extends Partial<DialWorkerDeps<FakeConnection>> {
  readonly peerTimeoutMs?: number;
}

export type DialBench = ReturnType<typeof dialBench>;

/** `fates` by address; one that is missing hangs. */
export function dialBench(fates: Readonly<Record<string, Fate>> = {}, options: BenchOptions = {}) {
  const clock = new VirtualClock();
  const warnings: Error[] = [];
  const log = new EventLog(clock, (warning) => warnings.push(warning));
  const attempts: Attempt[] = [];
  const backoff = new DialBackoff();
  const descriptors = new Permits(160);
  const deps = {
    log,
    scheduler: clock,
    strategy: AT_ONCE,
    backoff,
    descriptors,
    blackHoles: new BlackHoles({ udp: false, ipv6: false }, () => undefined),
    perPeer: 8,
    peerTimeoutMs: 60_000,
    addrTimeoutMs: 15_000,
    privateAddrTimeoutMs: 5_000,
    acceptable: (): FakeConnection | undefined => undefined,
    canDial: () => true,
    resolve: () => NEVER,
    refusesPeer: () => undefined,
    refusesAddr: () => undefined,
    connect: (task: AttemptTask) => defer(() => (fates[task.key] ?? hangs)(clock, task.key)),
    ...options,
  };
  const dialer = new Dialer<FakeConnection>({
    ...deps,
    connect: (task) => watched(task, deps.connect(task), clock, attempts),
  });
  const work = dialer.work$.subscribe({ error: (error: unknown) => warnings.push(error as Error) });
  const events: HostEvent[] = [];
  return {
    clock,
    dialer,
    work,
    attempts,
    warnings,
    backoff,
    descriptors: deps.descriptors,
    log,
    /** Listens to `event$`, from now on. */
    listen: (): HostEvent[] => {
      log.event$.subscribe((event) => events.push(event));
      return events;
    },
    call: (addrs: Addrs, dialOptions: DialOptions = {}, peer = PEER) => ({
      peer,
      options: dialOptions,
      addr$: addressesOf(addrs),
    }),
    /** Dials, and tells what comes of it, and when. */
    dial(addrs: Addrs, dialOptions: DialOptions = {}, peer = PEER): Outcome {
      const outcome: Outcome = { id: undefined, error: undefined, at: undefined, leave: () => undefined };
      const subscription = dialer.dial(this.call(addrs, dialOptions, peer)).subscribe({
        next: ({ id }) => {
          outcome.id = id;
          outcome.at = clock.now();
        },
        error: (error: unknown) => {
          outcome.error = error;
          outcome.at = clock.now();
        },
      });
      outcome.leave = () => {
        subscription.unsubscribe();
      };
      return outcome;
    },
    updates(addrs: Addrs, dialOptions: DialOptions = {}, peer = PEER): Heard {
      const heard: Heard = { events: [], isComplete: false, leave: () => undefined };
      const subscription = dialer.updates(this.call(addrs, dialOptions, peer)).subscribe({
        next: (event) => heard.events.push(event),
        complete: () => (heard.isComplete = true),
      });
      heard.leave = () => {
        subscription.unsubscribe();
      };
      return heard;
    },
    /** Runs all that is due until then, and moves time there. */
    advance(ms: number): void {
      const until = clock.now() + ms;
      while (clock.nextAt !== undefined && clock.nextAt <= until) clock.step();
      clock.moveTo(until);
    },
    /** `[address, start]` of every dial, in order. */
    dialed: (): [string, number][] => attempts.map(({ addr, startedAt }) => [addr, startedAt]),
    /** What a dialer at rest has: nothing. */
    leftovers: () => ({
      timers: clock.nextAt,
      callers: dialer.pending,
      permits: deps.descriptors.inUse + deps.descriptors.waiting,
      running: attempts.filter(({ end }) => end === undefined).map(({ addr }) => addr),
      warnings,
    }),
  };
}
export const NOTHING_LEFT = { timers: undefined, callers: 0, permits: 0, running: [], warnings: [] };

type Addrs = readonly string[] | Observable<readonly Multiaddr[]>;
export interface Outcome {
  id: string | undefined;
  error: unknown;
  at: number | undefined;
  leave(): void;
}
export interface Heard {
  readonly events: DialEvent[];
  isComplete: boolean;
  leave(): void;
}

/** All addresses at once. */
export const AT_ONCE: DialStrategy = (plan$) => plan$;

/** Each address after the delay that stands here; at once if none does. */
export function delayed(delays: Readonly<Record<string, number>>): DialStrategy {
  return mapDials((dials) => dials.map(({ addr }) => ({ addr, delayMs: delays[addr.toString()] ?? 0 })));
}

export function addressesOf(addrs: Addrs): Observable<readonly Multiaddr[]> {
  // `Array.isArray` does not narrow readonly arrays.
  return Array.isArray(addrs)
    ? of((addrs as readonly string[]).map((addr) => parseMultiaddr(addr)))
    : (addrs as Observable<readonly Multiaddr[]>);
}

/** A request as the worker hears it. */
export function requestOf(
  id: string,
  addrs: Addrs,
  options: DialOptions = {},
  timeoutMs = 60_000,
): DialRequest {
  return { id, peer: PEER, options, timeoutMs, addr$: addressesOf(addrs) };
}

function watched(
  task: AttemptTask,
  source: Observable<ConnectUpdate<FakeConnection>>,
  clock: SchedulerLike,
  attempts: Attempt[],
): Observable<ConnectUpdate<FakeConnection>> {
  return defer(() => {
    const attempt: Attempt = { addr: task.key, task, startedAt: clock.now() };
    attempts.push(attempt);
    const ended = (end: Attempt['end'] & string) => () => {
      attempt.end ??= end;
      attempt.endedAt ??= clock.now();
    };
    return source.pipe(
      tap({
        next: ({ type }) => {
          if (type === 'connected') ended('completed')();
        },
        complete: ended('completed'),
        error: ended('failed'),
      }),
      finalize(ended('cancelled')),
    );
  });
}
