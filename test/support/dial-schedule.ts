/**
 * A random schedule for the dialer: small numbers that say what happens, played in virtual time while a model watches.
 * What must hold is checked as it goes; what is wrong is thrown.
 */
import {
  concat,
  defer,
  finalize,
  map,
  NEVER,
  of,
  throwError,
  timer,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialOptions, DialStrategy } from '../../src/core/dial-contract.js';
import type { HostEvent } from '../../src/core/events.js';
import { Libp2pError } from '../../src/core/errors.js';
import type { PeerId } from '../../src/core/identity.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { Permits } from '../../src/rx/permits.js';
import type { AttemptTask } from '../../src/swarm/dial-state.js';
import {
  connects,
  dialBench,
  fails,
  handshakes,
  hangs,
  isNotTaken,
  NOTHING_LEFT,
  OTHER_PEER,
  PEER,
  type DialBench,
  type Fate,
} from './dial-bench.js';

export interface Schedule {
  /** What becomes of each address. */
  readonly fates: readonly number[];
  /** What happens, one after the other: which kind, and two numbers that it makes use of. */
  readonly steps: readonly (readonly [kind: number, a: number, b: number])[];
}

export const ADDRS = 12;
const PEERS: readonly PeerId[] = [PEER, OTHER_PEER];
/** As by default, or fewer, so that more wait. */
const PER_PEER = [8, 3];
/** Few, so that peers wait for each other. */
const DESCRIPTORS = [10, 4];
const TIMEOUT_MS = 20_000;
const known: readonly Multiaddr[] = Array.from({ length: ADDRS }, (_, at) =>
  // Every third is at home, where a handshake holds nobody back.
  parseMultiaddr(`/ip4/${at % 3 === 0 ? '10.0.0' : '1.1.1'}.${String(at + 1)}/tcp/1`),
);
const KEYS = known.map(String);

/** How each address fares, by one number: sometimes at once, mostly later; some never. */
function fateOf(number: number): Fate {
  const afterMs = (number >> 4) * 70;
  const then = [connects(afterMs), fails(afterMs), hangs, connects(0)][(number >> 2) % 4] ?? hangs;
  switch (number % 4) {
    case 0:
      return then;
    case 1:
      return handshakes(afterMs, then);
    case 2:
      return fails(afterMs);
    default:
      return number % 8 === 3 ? isNotTaken(afterMs) : then;
  }
}

/** Delays by address, that move as more is known. */
const strategy: DialStrategy = map((plan) => ({
  ...plan,
  dials: plan.dials.map((dial) => ({
    ...dial,
    delayMs: ((KEYS.indexOf(dial.addr.toString()) * 5 + plan.dials.length) % 7) * 100,
  })),
}));

interface Call {
  readonly peer: PeerId;
  readonly deadlineAt: number;
  readonly subscription: () => Subscription | undefined;
  answers: number;
  hasLeft: boolean;
}
interface PeerModel {
  /** Dials that have begun and not ended. */
  live: number;
  running: number;
  /** Addresses that were dialed while there was always a caller. */
  dialed: Set<string>;
}

/** Plays a schedule; returns all that was said. Throws what went wrong. */
export function play(schedule: Schedule): readonly string[] {
  return new Player(schedule).play();
}

class Player {
  private readonly bench: DialBench;
  private readonly calls: Call[] = [];
  private readonly said: string[] = [];
  private readonly peers = new Map<string, PeerModel>(
    PEERS.map((peer) => [peer.toString(), { live: 0, running: 0, dialed: new Set() }]),
  );
  private readonly open = new Set<string>();
  private readonly over = new Set<string>();
  private inbound = false;
  /** What went wrong, wherever that was: most places where it is seen would swallow an error. */
  private readonly faults: string[] = [];

  private readonly perPeer: number;
  private readonly descriptors: number;

  constructor(private readonly schedule: Schedule) {
    const [first = 0, second = 0] = schedule.fates;
    this.perPeer = PER_PEER[first % 2] ?? 8;
    this.descriptors = DESCRIPTORS[second % 2] ?? 10;
    const fates = new Map(KEYS.map((key, at) => [key, fateOf(schedule.fates[at] ?? 0)]));
    this.bench = dialBench(
      {},
      {
        connect: (task) => this.watched(task, (fates.get(task.key) ?? hangs)(this.bench.clock, task.key)),
        strategy,
        descriptors: new Permits(this.descriptors),
        perPeer: this.perPeer,
        peerTimeoutMs: TIMEOUT_MS,
        addrTimeoutMs: 3_000,
        privateAddrTimeoutMs: 1_000,
        acceptable: ({ options }) => (this.inbound && options.force !== true ? { id: 'inbound' } : undefined),
      },
    );
    this.bench.log.event$.subscribe((event) => {
      this.hear(event);
    });
  }

  play(): readonly string[] {
    for (const [kind, a, b] of this.schedule.steps) {
      this.step(kind, a, b);
      this.checkRest();
    }
    for (const call of this.calls) this.leave(call);
    this.advance(0);
    this.checkEnd();
    return this.said;
  }

  private step(kind: number, a: number, b: number): void {
    if (kind < 5) this.ask(a, b);
    else if (kind < 7) this.leave(this.calls[a % Math.max(1, this.calls.length)]);
    else if (kind < 13) this.advance(kind < 11 ? a % 400 : a * 2);
    else if (kind === 13) this.jump(a * 3);
    else if (kind === 14) this.inbound = !this.inbound;
    else this.bench.backoff.clear();
  }

  // ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────
  private ask(a: number, b: number): void {
    const { clock, dialer } = this.bench;
    const peer = PEERS[b % 2] ?? PEER;
    const options: DialOptions = {
      ...(b % 16 < 2 && { force: true }),
      ...(b % 32 >= 28 && { forceDirect: true }),
      ...(b % 64 >= 60 && { simultaneousConnect: 'client' as const }),
      ...(b % 8 === 5 && { timeoutMs: a % 5_000 }),
    };
    const call: Call = {
      peer,
      deadlineAt: clock.now() + (options.timeoutMs ?? TIMEOUT_MS),
      subscription: () => subscription,
      answers: 0,
      hasLeft: false,
    };
    this.calls.push(call);
    const answer = (): void => {
      if (call.hasLeft) this.faults.push('a caller that left was answered');
      call.answers += 1;
      if (call.answers > 1) this.faults.push('a caller was answered twice');
    };
    let isInside = true;
    const subscription: Subscription = dialer.dial({ peer, options, addr$: this.addresses(a, b) }).subscribe({
      next: answer,
      error: () => {
        answer();
        if (isInside) this.faults.push('an error came inside subscribe');
      },
    });
    isInside = false;
  }

  /** Some at once; with luck more later, an end that is late, or none, or a failure. */
  private addresses(a: number, b: number): Observable<readonly Multiaddr[]> {
    const { clock } = this.bench;
    const some = known.filter((_, at) => ((a >> at) & 1) === 1);
    const more = known.filter((_, at) => ((b >> at) & 1) === 1);
    const later$ = timer(b % 700, clock).pipe(map(() => more));
    switch ((a ^ b) % 7) {
      case 0:
        return concat(of(some), later$);
      case 1:
        return later$;
      case 2:
        return concat(of(some), later$, NEVER);
      case 3:
        return concat(
          later$,
          throwError(() => new Libp2pError('ERR_NO_ADDRESSES', 'network', 'routing failed')),
        );
      default:
        return of(some);
    }
  }

  private leave(call: Call | undefined): void {
    if (call === undefined || call.hasLeft || call.answers > 0) return;
    call.hasLeft = true;
    call.subscription()?.unsubscribe();
  }

  private advance(ms: number): void {
    this.bench.advance(ms);
    const now = this.bench.clock.now();
    for (const { answers, hasLeft, deadlineAt } of this.calls)
      if (answers === 0 && !hasLeft && deadlineAt < now) this.faults.push('a deadline passed unnoticed');
  }

  /** The clock goes on while nothing runs, as when a machine sleeps. */
  private jump(ms: number): void {
    const { clock } = this.bench;
    clock.moveTo(clock.now() + ms);
    this.advance(0);
  }

  // ── what must hold ───────────────────────────────────────────────────────────────────────────────────────────────
  private watched<T>(task: AttemptTask, source: Observable<T>): Observable<T> {
    const peer = this.model(task.request.peer);
    return defer(() => {
      if (peer.live === 0) this.faults.push(`${task.key} is dialed for nobody`);
      if (peer.dialed.has(task.key)) this.faults.push(`${task.key} is dialed twice`);
      peer.dialed.add(task.key);
      peer.running += 1;
      if (peer.running > this.perPeer) this.faults.push('too many dials of one peer');
      return source.pipe(
        finalize(() => {
          peer.running -= 1;
        }),
      );
    });
  }

  private hear(event: HostEvent): void {
    if (!('dialId' in event)) return;
    this.said.push(JSON.stringify(event));
    const { dialId, type } = event;
    const peer = this.model(event.peerId);
    if (this.over.has(dialId)) this.faults.push(`${type} behind the end of ${dialId}`);
    if (type === 'dial:start') {
      this.open.add(dialId);
      peer.live += 1;
    } else if (!this.open.has(dialId)) this.faults.push(`${type} before the start of ${dialId}`);
    if (type !== 'dial:end') return;
    this.open.delete(dialId);
    this.over.add(dialId);
    peer.live -= 1;
    // The next caller gets a new worker.
    if (peer.live === 0) peer.dialed.clear();
  }

  private model(peer: PeerId): PeerModel {
    const model = this.peers.get(peer.toString());
    if (model === undefined) throw new Error('an unknown peer');
    return model;
  }

  private checkRest(): void {
    const { warnings, descriptors } = this.bench;
    if (warnings[0] !== undefined) throw warnings[0];
    if (this.faults[0] !== undefined) throw new Error(this.faults[0]);
    if (descriptors.inUse > this.descriptors) throw new Error('too many descriptors');
    for (const { live, running } of this.peers.values())
      if (live === 0 && running > 0) throw new Error('dials go on for nobody');
  }

  private checkEnd(): void {
    this.checkRest();
    expect(this.bench.leftovers()).toEqual(NOTHING_LEFT);
    expect([this.open.size, this.over.size]).toEqual([0, this.calls.length]);
    for (const { answers, hasLeft } of this.calls)
      if ((answers === 1) === hasLeft) throw new Error('a caller was not answered');
  }
}
