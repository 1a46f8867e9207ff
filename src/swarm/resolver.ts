/** From a name to addresses: A, AAAA and dnsaddr records, with bounds on all that a name's owner can make us do. */
import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  endWith,
  map,
  merge,
  mergeMap,
  of,
  ReplaySubject,
  scan,
  share,
  take,
  takeWhile,
  throwError,
  timer,
  type Observable,
  type ObservableInput,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { toHex } from '../core/bytes.js';
import { asError, Libp2pError, LimitError, TimeoutError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import { splitPeer } from '../core/multiaddr.js';
import type { NameLookup } from '../core/name-lookup.js';
import {
  addrOfRecord,
  mayLeadTo,
  namedAddr,
  needsResolving,
  withAddress,
  withSni,
  type Family,
  type NamedAddr,
} from '../core/resolvable.js';

export interface ResolverDeps {
  readonly lookup: NameLookup;
  /** Who is asked instead for a domain and all below it; the longest that fits wins. @source go-libp2p swarm, RES-11 */
  readonly domains?: Readonly<Record<string, NameLookup>> | undefined;
  readonly scheduler: SchedulerLike;
  /** For everything that one address needs. */
  readonly timeoutMs?: number | undefined;
}
export type Resolver = (addr: Multiaddr, peer?: PeerId) => Observable<readonly Multiaddr[]>;

/** As long as a person waits; the dial itself has a minute. @source G7 */
const TIMEOUT_MS = 5_000;
/** dnsaddr records that lead to dnsaddr records. @source go-libp2p swarm, RES-2, RES-8 */
const MAX_LEVELS = 4;
/** More would not be dialed within the minute. @source go-libp2p swarm, RES-4 */
const MAX_RESULTS = 100;
/** Questions, all levels together: one address is no lever for many. @source G2 */
const MAX_LOOKUPS = 32;
/** Usable TXT records of one name; public bootstrappers have about ten. @source G3 */
const MAX_RECORDS = 16;

/**
 * Makes `resolve(addr, peer)`: the addresses behind the name that `addr` begins with, without names and without the
 * trailing `/p2p/` of `peer`. Cold; every subscription asks anew. Each emission adds to those before it and comes as soon
 * as its answer is there: IPv4 and IPv6 are asked apart (RFC 8305, 3). Answers for another peer are left out, and those
 * that are no address. Completes when no more will come, or when the time is up and something came. Errors, if nothing
 * came, with ERR_RESOLVE if a question failed, or with ERR_TIMEOUT. Unsubscribing abandons all questions. Never throws.
 * @source go-libp2p swarm, RES-2 to RES-11
 */
export function createResolver({
  lookup,
  domains = {},
  scheduler,
  timeoutMs = TIMEOUT_MS,
}: ResolverDeps): Resolver {
  const lookupFor = byDomain(lookup, domains);
  return (addr, peer) =>
    defer(() => {
      const found$ = search({ ask: askOnce(lookupFor), peer }, addr, []);
      const timeUp$ = timer(timeoutMs, scheduler).pipe(
        map((): Step => ({
          type: 'over',
          error: new TimeoutError(`resolving ${addr.toString()}`, timeoutMs),
        })),
      );
      return merge(found$.pipe(endWith<Step>({ type: 'over' })), timeUp$).pipe(
        scan((progress, step) => advance(progress, step, peer), START),
        takeWhile(({ done }) => !done, true),
        concatMap(({ out }) => out),
      );
    });
}

/** Failure is a value here: one name's ends no other's. */
type Found =
  | { readonly type: 'found'; readonly addrs: readonly Multiaddr[] }
  | { readonly type: 'failed'; readonly error: Error };
type Step = Found | { readonly type: 'over'; readonly error?: Error };

interface Progress {
  readonly seen: ReadonlySet<string>;
  /** The first one. */
  readonly failure: Error | undefined;
  readonly out: ObservableInput<readonly Multiaddr[]>;
  readonly done: boolean;
}
const START: Progress = { seen: new Set(), failure: undefined, out: [], done: false };

function advance(progress: Progress, step: Step, peer: PeerId | undefined): Progress {
  if (step.type === 'failed') return { ...progress, failure: progress.failure ?? step.error, out: [] };
  if (step.type === 'over') {
    const error = progress.seen.size > 0 ? undefined : (step.error ?? progress.failure);
    return { ...progress, out: error === undefined ? [] : throwError(() => error), done: true };
  }
  const seen = new Set(progress.seen);
  const fresh = step.addrs
    .flatMap((addr) => withoutPeer(addr, peer) ?? [])
    .filter(({ bytes }) => seen.size < MAX_RESULTS && seen.size < seen.add(toHex(bytes)).size);
  return { ...progress, seen, out: fresh.length === 0 ? [] : [fresh], done: seen.size >= MAX_RESULTS };
}

/** Who asks without a peer wants to know whose address it is. @source go-libp2p swarm, RES-6 */
function withoutPeer(addr: Multiaddr, peer: PeerId | undefined): Multiaddr | undefined {
  const { transport } = splitPeer(addr);
  return transport && (peer === undefined ? addr : transport);
}

type Ask = (name: string, what: Family | 'TXT') => Observable<readonly string[]>;
interface Search {
  readonly ask: Ask;
  readonly peer: PeerId | undefined;
}

/** What `addr` leads to; `path` are the dnsaddr names that led to it. */
function search(deps: Search, addr: Multiaddr, path: readonly string[]): Observable<Found> {
  // Its answers would all end in the same peer: not asked for, rather than asked for and dropped.
  if (!mayLeadTo(addr, deps.peer)) return EMPTY;
  const named = namedAddr(addr);
  if (named === undefined) return of({ type: 'found', addrs: [addr] });
  return named.type === 'host' ? searchHost(deps, addr, named) : searchRecords(deps, addr, named.name, path);
}

function searchHost(
  { ask }: Search,
  addr: Multiaddr,
  { name, families }: NamedAddr & { readonly type: 'host' },
): Observable<Found> {
  // The name that a server must prove is kept before it is gone. @source go-libp2p swarm, RES-7
  const dialed = withSni(addr);
  const answers = families.map((family) =>
    ask(name, family).pipe(
      map((answer): Found => ({
        type: 'found',
        addrs: answer.flatMap((ip) => withAddress(dialed, family, ip) ?? []),
      })),
      catchError((cause: unknown) => of(failed(addr, cause))),
    ),
  );
  return merge(...answers);
}

function searchRecords(
  deps: Search,
  addr: Multiaddr,
  name: string,
  path: readonly string[],
): Observable<Found> {
  const key = addr.toString().toLowerCase();
  if (path.includes(key)) return of(failed(addr, new Error('it leads back to itself')));
  if (path.length >= MAX_LEVELS)
    return of(failed(addr, new LimitError(addr.toString(), 'levels of dnsaddr', MAX_LEVELS)));
  return deps.ask(`_dnsaddr.${name}`, 'TXT').pipe(
    map((records) => usable(records, addr, deps.peer)),
    // One answer. Those within are MAX_RECORDS at most, and all that they ask counts towards MAX_LOOKUPS.
    mergeMap((addrs) =>
      merge(
        of<Found>({ type: 'found', addrs: addrs.filter((found) => !needsResolving(found)) }),
        ...addrs.filter(needsResolving).map((found) => search(deps, found, [...path, key])),
      ),
    ),
    catchError((cause: unknown) => of(failed(addr, cause))),
  );
}

function usable(records: readonly string[], addr: Multiaddr, peer: PeerId | undefined): readonly Multiaddr[] {
  const addrs: Multiaddr[] = [];
  for (const record of records) {
    if (addrs.length >= MAX_RECORDS) break;
    const found = addrOfRecord(addr, record);
    if (found !== undefined && mayLeadTo(found, peer)) addrs.push(found);
  }
  return addrs;
}

function failed(addr: Multiaddr, thrown: unknown): Found {
  const cause = asError(thrown);
  if (cause instanceof Libp2pError && cause.code === 'ERR_RESOLVE') return { type: 'failed', error: cause };
  const message = `cannot resolve ${addr.toString()}: ${cause.message}`;
  return { type: 'failed', error: new Libp2pError('ERR_RESOLVE', 'network', message, { cause }) };
}

/**
 * Asks every question once: a peer's addresses often share a name, and differ in port and protocol. What was asked is
 * also the count of questions.
 */
function askOnce(lookupFor: (name: string) => NameLookup): Ask {
  const asked = new Map<string, Observable<readonly string[]>>();
  return (name, what) => {
    const key = `${String(what)} ${name.toLowerCase()}`;
    const known = asked.get(key);
    if (known !== undefined) return known;
    if (asked.size >= MAX_LOOKUPS)
      return throwError(() => new LimitError('one address', 'look-ups', MAX_LOOKUPS));
    const answer$ = defer(() =>
      what === 'TXT' ? lookupFor(name).texts(name) : lookupFor(name).addresses(name, what),
    ).pipe(
      take(1),
      share({
        connector: () => new ReplaySubject(1),
        resetOnComplete: false,
        resetOnError: false,
        resetOnRefCountZero: true,
      }),
    );
    asked.set(key, answer$);
    return answer$;
  };
}

/** @source go-libp2p swarm, RES-11 */
function byDomain(
  lookup: NameLookup,
  domains: Readonly<Record<string, NameLookup>>,
): (name: string) => NameLookup {
  const own = new Map(
    Object.entries(domains).map(([domain, theirs]) => [domain.toLowerCase().replace(/^\.|\.$/g, ''), theirs]),
  );
  return (name) => {
    const labels = name.toLowerCase().split('.');
    const domain = labels.map((_, at) => labels.slice(at).join('.')).find((suffix) => own.has(suffix));
    return (domain === undefined ? undefined : own.get(domain)) ?? lookup;
  };
}
