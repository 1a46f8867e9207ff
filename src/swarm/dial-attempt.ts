/** One address: back-off, permits, the clock, and what becomes of it, as inputs of the worker. Failures are values. */
import { catchError, defer, map, Observable, of, type SchedulerLike } from 'rxjs';
import { isPrivate, usesDescriptor } from '../core/address-class.js';
import { asError, Libp2pError } from '../core/errors.js';
import { withLimits } from '../rx/call-limits.js';
import type { Permits } from '../rx/permits.js';
import { withPermit } from '../rx/with-permit.js';
import type { DialBackoff } from './backoff.js';
import type { BlackHoles } from './black-hole.js';
import type { AttemptTask, AttemptUpdate } from './dial-state.js';

/** News of one attempt to connect, until the connection is registered. */
export type ConnectUpdate<C> =
  | { readonly type: 'progress'; readonly stage: 'connected' | 'secured' }
  | { readonly type: 'connected'; readonly connection: C };

const STARTED = { type: 'started' } as const;

/** Thrown by `connect` where the host did not take a connection, or had no room for one: nothing that the address is to blame for. */
export class Unregistered extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message, { cause });
  }
}

export interface AttemptDeps<C> {
  readonly scheduler: SchedulerLike;
  /** From an address to a registered connection; errors, or `Unregistered`. Unsubscribing abandons it. */
  readonly connect: (task: AttemptTask) => Observable<ConnectUpdate<C>>;
  readonly backoff: DialBackoff;
  readonly blackHoles: BlackHoles;
  /** File descriptors, over all peers. */
  readonly descriptors: Permits;
  readonly addrTimeoutMs: number;
  readonly privateAddrTimeoutMs: number;
}

/**
 * Emits the news of one attempt, the last being `connected` or `failed`, and completes; never errors. Waits for the
 * peer's permit, then for a descriptor; its own clock starts when it has both (LIM-4, DIAL-6).
 */
export function dialAttempt<C>(
  task: AttemptTask,
  ofPeer: Permits,
  deps: AttemptDeps<C>,
): Observable<AttemptUpdate<C>> {
  const {
    key,
    addr,
    request: { options },
  } = task;
  return defer(() => {
    if (options.forceDirect !== true) assertNotBackedOff(task, deps);
    const attempt$ = withinTime(task, connectOnce(task, deps), deps);
    const held$ = usesDescriptor(addr) ? attempt$.pipe(withPermit(deps.descriptors)) : attempt$;
    return held$.pipe(withPermit(ofPeer));
  }).pipe(
    map((update): AttemptUpdate<C> => ({ ...update, key })),
    catchError((thrown: unknown) => of<AttemptUpdate<C>>(failure<C>(key, thrown))),
  );
}

function withinTime<C, T>(
  { key, addr }: AttemptTask,
  attempt$: Observable<T>,
  { addrTimeoutMs, privateAddrTimeoutMs, scheduler }: AttemptDeps<C>,
): Observable<T> {
  const timeoutMs = isPrivate(addr) ? Math.min(addrTimeoutMs, privateAddrTimeoutMs) : addrTimeoutMs;
  return withLimits(attempt$, { timeoutMs }, `dialing ${key}`, scheduler);
}

/**
 * That it begins, its news, and exactly one result: a transport that ends without one, or goes on behind one, is cut off.
 * What became of it is recorded once: the connection, before anybody else hears of it (who hears of it may leave at once);
 * or whatever came instead, also that it was given up (DIAL-7).
 */
function connectOnce<C>(
  task: AttemptTask,
  deps: AttemptDeps<C>,
): Observable<ConnectUpdate<C> | typeof STARTED> {
  return new Observable<ConnectUpdate<C> | typeof STARTED>((subscriber) => {
    let isRecorded = false;
    const record = (success: boolean): void => {
      if (!isRecorded) deps.blackHoles.record(task.addr, success);
      isRecorded = true;
    };
    subscriber.next(STARTED);
    if (subscriber.closed) return;
    subscriber.add(() => {
      record(false);
    });
    const connecting = deps.connect(task).subscribe({
      next: (update) => {
        if (update.type === 'connected') record(true);
        subscriber.next(update);
        if (update.type === 'connected') subscriber.complete();
      },
      error: (error: unknown) => {
        // Whatever we refuse ourselves says nothing of the way there.
        isRecorded ||= error instanceof Unregistered;
        subscriber.error(error);
      },
      complete: () => {
        subscriber.error(
          new Libp2pError('ERR_TRANSPORT', 'local', 'the transport ended without a connection'),
        );
      },
    });
    subscriber.add(connecting);
  });
}

/** @throws ERR_DIAL_BACKOFF @source WORK-6 */
function assertNotBackedOff<C>({ key, request }: AttemptTask, { backoff, scheduler }: AttemptDeps<C>): void {
  const now = scheduler.now();
  const until = backoff.blockedUntil(request.peer.toString(), key, now);
  if (until === undefined) return;
  const seconds = Math.ceil((until - now) / 1000);
  throw new Libp2pError(
    'ERR_DIAL_BACKOFF',
    'local',
    `dial backoff: it failed lately, and is not dialed for another ${String(seconds)} s`,
  );
}

function failure<C>(key: string, thrown: unknown): AttemptUpdate<C> {
  if (thrown instanceof Unregistered)
    return { type: 'failed', key, error: thrown.cause, how: 'unregistered' };
  const error = asError(thrown);
  const code = error instanceof Libp2pError ? error.code : undefined;
  const how =
    code === 'ERR_DIAL_BACKOFF' ? 'backed-off' : code === 'ERR_BLACK_HOLE' ? 'black-holed' : 'failed';
  return { type: 'failed', key, error, how };
}
