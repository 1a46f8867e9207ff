/** Names as Node's own DNS client and the system's resolver know them. */
import { lookup, Resolver, type LookupAddress } from 'node:dns';
import { catchError, map, Observable, of, switchMap, throwError } from 'rxjs';
import { asError, codeOf, Libp2pError, quote } from '../core/errors.js';
import type { NameLookup } from '../core/name-lookup.js';
import { isLocalhost, loopbackAnswer, type Family } from '../core/resolvable.js';

type Done<T> = (error: Error | null, answer: T) => void;
/** As `dns.lookup`. */
type SystemLookup = (
  name: string,
  options: { readonly family: Family; readonly all: true },
  done: Done<LookupAddress[]>,
) => void;
interface NodeLookupOptions {
  /** IP addresses, with a port where it is not 53; by default the system's. */
  readonly servers?: readonly string[];
  readonly system?: SystemLookup;
}

/** Two questions, of one and two seconds: so that the system still has its turn within a resolution's five. */
const QUESTION = { timeout: 1_000, tries: 2 };
/**
 * The system's resolver takes a thread of four, for as long as it likes, and cannot be stopped: without this, names from
 * remote peers could stop files and keys from being read.
 */
const MAX_SYSTEM_LOOKUPS = 2;

/**
 * DNS, and where that knows nothing, the system: DNS reads no hosts file and no mDNS, and the system is not first because
 * it cannot be cancelled. `localhost` and the names below it are not asked for. A name without addresses of a family, or
 * without TXT records, has none; other failures are ERR_RESOLVE with the name and the server's code.
 */
export function nodeLookup({ servers, system = lookup }: NodeLookupOptions = {}): NameLookup {
  const slots = new Slots(MAX_SYSTEM_LOOKUPS);
  return {
    addresses: (name, family) => {
      const loopback = loopbackAnswer(name, family);
      if (loopback !== undefined) return of(loopback);
      const question$ = question<string[]>(servers, (resolver, done) => {
        if (family === 4) resolver.resolve4(name, done);
        else resolver.resolve6(name, done);
      });
      return outcome(question$, name).pipe(
        switchMap((known) =>
          known.answer.length > 0 ? of(known) : orElse(known, askSystem(system, slots, name, family)),
        ),
        switchMap(answerOf),
      );
    },
    texts: (name) => {
      if (isLocalhost(name)) return of([]);
      const question$ = question<string[][]>(servers, (resolver, done) => {
        resolver.resolveTxt(name, done);
      });
      return outcome(question$.pipe(map((records) => records.map((parts) => parts.join('')))), name).pipe(
        switchMap(answerOf),
      );
    },
  };
}

interface Outcome {
  readonly answer: readonly string[];
  readonly error?: Error;
}

function answerOf({ answer, error }: Outcome): Observable<readonly string[]> {
  return error === undefined ? of(answer) : throwError(() => error);
}

/** ENODATA: there is such a name, but nothing of that kind. */
function outcome(answer$: Observable<readonly string[]>, name: string): Observable<Outcome> {
  return answer$.pipe(
    map((answer): Outcome => ({ answer })),
    catchError((cause: unknown) =>
      of({ answer: [], ...(codeOf(cause) !== 'ENODATA' && { error: failure(name, cause) }) }),
    ),
  );
}

/** What the system says, if it knows the name; else what DNS said. */
function orElse(known: Outcome, system$: Observable<readonly string[]>): Observable<Outcome> {
  return system$.pipe(
    map((answer) => (answer.length > 0 ? { answer } : known)),
    catchError(() => of(known)),
  );
}

function failure(name: string, thrown: unknown): Error {
  const cause = asError(thrown);
  return new Libp2pError('ERR_RESOLVE', 'network', `cannot resolve ${quote(name)}: ${codeOf(cause)}`, {
    cause,
  });
}

/** A client of its own for every question, since `cancel` ends all that a client has asked. */
function question<T>(
  servers: readonly string[] | undefined,
  send: (resolver: Resolver, done: Done<T>) => void,
): Observable<T> {
  return new Observable((subscriber) => {
    const resolver = new Resolver(QUESTION);
    if (servers !== undefined) resolver.setServers(servers);
    send(resolver, (error, answer) => {
      if (error !== null) subscriber.error(error);
      else {
        subscriber.next(answer);
        subscriber.complete();
      }
    });
    return () => {
      resolver.cancel();
    };
  });
}

function askSystem(
  system: SystemLookup,
  slots: Slots,
  name: string,
  family: Family,
): Observable<readonly string[]> {
  return new Observable((subscriber) =>
    slots.take((leave) => {
      system(name, { family, all: true }, (error, found) => {
        leave();
        if (error !== null) subscriber.error(error);
        else {
          subscriber.next(found.map(({ address }) => address));
          subscriber.complete();
        }
      });
    }),
  );
}

/** So many at a time, first come, first served. Who waits is bounded by the questions of the dials that run. */
class Slots {
  private readonly waiting = new Set<(leave: () => void) => void>();

  constructor(private free: number) {}

  /** Runs `work` when there is room; it calls `leave` when it is done. What this returns withdraws work that has not begun. */
  take(work: (leave: () => void) => void): () => void {
    this.waiting.add(work);
    this.fill();
    return () => {
      this.waiting.delete(work);
    };
  }

  private fill(): void {
    for (const work of this.waiting) {
      if (this.free === 0) return;
      this.waiting.delete(work);
      this.free -= 1;
      work(() => {
        this.free += 1;
        this.fill();
      });
    }
  }
}
