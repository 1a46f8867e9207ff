/** Runs a strategy for one request, and guards what comes out of it: a strategy is somebody else's code. */
import {
  catchError,
  concat,
  defer,
  map,
  merge,
  of,
  scan,
  Subject,
  tap,
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isRelay } from '../core/address-class.js';
import type {
  DialContext,
  DialOptions,
  DialPlan,
  DialStrategy,
  PlannedDial,
  RefusedDial,
} from '../core/dial-contract.js';
import { asError, Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { splitPeer } from '../core/multiaddr.js';
import type { BlackHoles } from './black-hole.js';
import type { DialRequest, PlanUpdate } from './dial-state.js';

export interface PlannerDeps {
  readonly scheduler: SchedulerLike;
  readonly strategy: DialStrategy;
  readonly resolve: (addr: Multiaddr, peer: PeerId) => Observable<readonly Multiaddr[]>;
  readonly blackHoles: BlackHoles;
  readonly canDial: (addr: Multiaddr) => boolean;
  /** Why the host refuses to dial a peer at all: its gater says no. */
  readonly refusesPeer: (peer: PeerId) => Error | undefined;
  /** Why the host refuses to dial an address that the strategy chose: it is its own, or its gater says no. */
  readonly refusesAddr: (peer: PeerId, addr: Multiaddr) => Error | undefined;
}

/** Emits what the strategy plans, as inputs of the worker; always ends with `plan-ended` and never errors. */
export function planDial(request: DialRequest, deps: PlannerDeps): Observable<PlanUpdate> {
  const { id, peer, options } = request;
  const ended: PlanUpdate = { type: 'plan-ended', id };
  const failed = (error: unknown): PlanUpdate => ({ ...ended, error: strategyError(error) });
  return defer(() => {
    const refusal = deps.refusesPeer(peer);
    if (refusal !== undefined) return of(failed(refusal));
    const answers = new Subject<PlanUpdate>();
    const context = contextOf(peer, id, deps, answers);
    const plan$ = knownPlans(request, context).pipe(deps.strategy, vetPlans(peer, options, deps));
    return merge(answers, concat(plan$.pipe(map((vetted) => planned(id, vetted))), of(ended)));
  }).pipe(catchError((error: unknown) => of(failed(error))));
}

/** The source of a strategy: what is known, with no delay; again when more is known. */
function knownPlans({ peer, options, addr$ }: DialRequest, context: DialContext): Observable<DialPlan> {
  return addr$.pipe(
    scan((known: readonly Multiaddr[], more) => union(known, more), []),
    map((addrs) => ({
      peer,
      options,
      dials: addrs.map((addr) => ({ addr, delayMs: 0 })),
      refused: [],
      context,
    })),
  );
}

function contextOf(peer: PeerId, id: string, deps: PlannerDeps, answers: Subject<PlanUpdate>): DialContext {
  const isBlackHoled = deps.blackHoles.question();
  return {
    scheduler: deps.scheduler,
    isBlackHoled,
    canDial: deps.canDial,
    resolve: (addr) =>
      defer(() => deps.resolve(addr, peer)).pipe(
        tap({
          next: (found) => {
            answers.next({ type: 'resolved', id, addr, answers: found });
          },
          error: (error: unknown) => {
            answers.next({ type: 'resolved', id, addr, answers: [], error: asError(error) });
          },
        }),
      ),
  };
}

interface Vetted {
  readonly dials: readonly PlannedDial[];
  readonly refused: readonly RefusedDial[];
  readonly timeoutMs: number | undefined;
  /** What was decided about an address holds for the whole dial: the gater is asked once. */
  readonly decided: ReadonlyMap<string, Error | undefined>;
}

/** What the host refuses it refuses whatever the strategy. */
function vetPlans(peer: PeerId, options: DialOptions, deps: PlannerDeps): OperatorFunction<DialPlan, Vetted> {
  const vet = (before: Vetted, plan: DialPlan): Vetted => {
    const decided = new Map(before.decided);
    const dials: PlannedDial[] = [];
    const refused: RefusedDial[] = plan.refused.map(named);
    for (const dial of plan.dials) {
      const key = dial.addr.toString();
      if (!decided.has(key)) decided.set(key, refusalOf(dial, peer, options, deps));
      const error = decided.get(key);
      if (error === undefined) dials.push(usable(dial, peer));
      else refused.push({ addr: dial.addr, error });
    }
    return { decided, dials, refused, timeoutMs: usableMs(plan.options.timeoutMs) };
  };
  return scan(vet, { decided: new Map(), dials: [], refused: [], timeoutMs: undefined });
}

function planned(id: string, { dials, refused, timeoutMs }: Vetted): PlanUpdate {
  return { type: 'planned', id, dials, refused, timeoutMs };
}

function refusalOf(
  { addr, delayMs }: PlannedDial,
  peer: PeerId,
  options: DialOptions,
  deps: PlannerDeps,
): Error | undefined {
  const { transport, peer: other } = splitPeer(addr);
  if (other?.equals(peer) === false) return otherPeer(addr);
  if (transport === undefined)
    return new Libp2pError('ERR_ADDR_UNSUPPORTED', 'local', 'it names a peer and no place');
  if (!(delayMs < Infinity))
    return new Libp2pError(
      'ERR_DIAL_STRATEGY',
      'local',
      `the strategy planned it with delayMs ${String(delayMs)}`,
    );
  if (options.forceDirect === true && isRelay(addr))
    return new Libp2pError('ERR_ADDR_REFUSED', 'local', 'a direct connection was asked for');
  return deps.refusesAddr(peer, addr);
}

/** An address without the peer at its end. @source RES-6 */
function usable({ addr, delayMs }: PlannedDial, peer: PeerId): PlannedDial {
  const split = splitPeer(addr);
  const delay = Math.max(0, delayMs);
  return split.peer?.equals(peer) === true && split.transport !== undefined
    ? { addr: split.transport, delayMs: delay }
    : { addr, delayMs: delay };
}

/** A refusal that can be told and printed, whoever wrote it. Throws where there is no address. */
function named({ addr, error }: RefusedDial): RefusedDial {
  splitPeer(addr);
  return { addr, error: asError(error) };
}

/** What is no time shortens nothing. */
function usableMs(ms: unknown): number | undefined {
  return typeof ms === 'number' && ms >= 0 ? ms : undefined;
}

function otherPeer(addr: Multiaddr): Error {
  return new Libp2pError('ERR_PEER_ID_MISMATCH', 'remote', `${addr.toString()} is another peer's address`);
}

function strategyError(error: unknown): Error {
  if (error instanceof Libp2pError) return error;
  const cause = asError(error);
  return new Libp2pError('ERR_DIAL_STRATEGY', 'local', `the dial strategy failed: ${cause.message}`, {
    cause,
  });
}

function union(known: readonly Multiaddr[], more: readonly Multiaddr[]): readonly Multiaddr[] {
  const keys = new Set(known.map(String));
  return [...known, ...more.filter((addr) => !keys.has(addr.toString()) && keys.add(addr.toString()))];
}
