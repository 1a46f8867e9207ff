/** Names in plans become addresses, as answers come. */
import {
  catchError,
  concat,
  defer,
  distinct,
  distinctUntilChanged,
  map,
  mergeMap,
  Observable,
  of,
  pipe,
  scan,
  Subject,
  take,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { toHex } from '../core/bytes.js';
import type { DialPlan, DialStrategy, PlannedDial, RefusedDial } from '../core/dial-contract.js';
import { asError, Libp2pError, LimitError } from '../core/errors.js';
import { parseMultiaddr } from '../core/multiaddr.js';
import { needsResolving } from '../core/resolvable.js';
import { each } from '../rx/each.js';

/** Addresses that names give one dial. No more names are asked for either. @source go-libp2p swarm, RES-4 */
const MAX_RESOLVED = 100;
/** A hundred names whose servers are silent for 5 s each are through in 35 s, within the dial's minute. */
const MAX_AT_ONCE = 16;

/**
 * Replaces the names in a plan by what they resolve to. Emits every plan at once without its names, and once more after
 * every answer: the answers have the delay of their name, and come once, also beside the same address in the source. A name
 * that fails, or has no usable answer, is refused (ERR_RESOLVE, ERR_TIMEOUT); so is one that lost answers because 100 had
 * come (ERR_LIMIT). Every name is asked for once, through the context of the plan that brought it. Relay addresses keep
 * their names. Completes when the source has and no answer is due; errors with the source. Unsubscribing abandons all
 * questions. @source go-libp2p swarm, RES-1 to RES-7
 */
export function resolveAddrs(): DialStrategy {
  return (plan$) =>
    plan$.pipe(plansAndAnswers, scan(advance, START), distinctUntilChanged(saysTheSame), map(planOf), each());
}

type Input =
  | { readonly type: 'planned'; readonly plan: DialPlan }
  | { readonly type: 'answered'; readonly name: Multiaddr; readonly addrs: readonly Multiaddr[] }
  | { readonly type: 'failed'; readonly name: Multiaddr; readonly error: Error }
  | { readonly type: 'ended'; readonly name: Multiaddr };
interface NameOf {
  readonly name: Multiaddr;
  readonly plan: DialPlan;
}

/**
 * The plans, and the answers to the names in them. A plan goes first: what can be dialed does not wait for names. Most plans
 * have none, and what asks for them is made with the first.
 */
function plansAndAnswers(plan$: Observable<DialPlan>): Observable<Input> {
  return new Observable<Input>((subscriber) => {
    let names: Subject<NameOf> | undefined;
    /** The plans, and the questions. */
    let open = 1;
    const error = (thrown: unknown): void => {
      subscriber.error(thrown);
    };
    const complete = (): void => {
      open -= 1;
      if (open === 0) subscriber.complete();
    };
    const next = (input: Input): void => {
      subscriber.next(input);
    };
    const asking = (): Subject<NameOf> => {
      const asked = new Subject<NameOf>();
      open += 1;
      subscriber.add(asked.pipe(newNames, mergeMap(ask, MAX_AT_ONCE)).subscribe({ next, error, complete }));
      return asked;
    };
    return plan$.subscribe({
      next: (plan) => {
        next({ type: 'planned', plan });
        for (const name of namesOf(plan)) {
          if (subscriber.closed) return;
          names ??= asking();
          names.next({ name, plan });
        }
      },
      error,
      complete: () => {
        names?.complete();
        complete();
      },
    });
  });
}

/** At most {@link MAX_RESOLVED} leave here, so that this also bounds what is remembered and what waits for its turn. */
const newNames = pipe(
  distinct(({ name }: NameOf) => keyOf(name)),
  take(MAX_RESOLVED),
);

function ask({ name, plan }: NameOf): Observable<Input> {
  const answer$ = defer(() => plan.context.resolve(name)).pipe(
    // What is still a name cannot be dialed; whoever answers has had its chance.
    map((addrs) => addrs.map((addr) => parseMultiaddr(addr)).filter((addr) => !needsResolving(addr))),
    map((addrs): Input => ({ type: 'answered', name, addrs })),
  );
  return concat(answer$, of<Input>({ type: 'ended', name })).pipe(
    catchError((error: unknown) => of<Input>({ type: 'failed', name, error: asError(error) })),
  );
}

interface Answer {
  readonly addr: Multiaddr;
  readonly name: string;
}
/** Everything by the bytes of an address, in the order of arrival. */
interface State {
  readonly plan: DialPlan | undefined;
  readonly names: ReadonlySet<string>;
  readonly answered: ReadonlySet<string>;
  readonly answers: ReadonlyMap<string, Answer>;
  readonly refused: ReadonlyMap<string, RefusedDial>;
}
const START: State = {
  plan: undefined,
  names: new Set(),
  answered: new Set(),
  answers: new Map(),
  refused: new Map(),
};

function advance(state: State, input: Input): State {
  switch (input.type) {
    case 'planned':
      return withPlan(state, input.plan);
    case 'answered':
      return withAnswers(state, input.name, input.addrs);
    case 'failed':
      return refuse(state, input.name, input.error);
    case 'ended':
      return state.answered.has(keyOf(input.name)) ? state : refuse(state, input.name, noAnswer(input.name));
  }
}

function withPlan(state: State, plan: DialPlan): State {
  const names = new Set(state.names);
  const refused = new Map(state.refused);
  for (const name of namesOf(plan)) {
    const key = keyOf(name);
    if (names.size < MAX_RESOLVED) names.add(key);
    else if (!names.has(key)) refused.set(key, { addr: name, error: tooMany(plan) });
  }
  return { ...state, plan, names, refused };
}

function withAnswers(state: State, name: Multiaddr, addrs: readonly Multiaddr[]): State {
  const { plan } = state;
  if (addrs.length === 0 || plan === undefined) return state;
  const plain = plainKeys(plan);
  const fresh = addrs.filter((addr) => !plain.has(keyOf(addr)) && !state.answers.has(keyOf(addr)));
  const answers = new Map(state.answers);
  for (const addr of fresh) {
    if (answers.size < MAX_RESOLVED) answers.set(keyOf(addr), { addr, name: keyOf(name) });
  }
  const next: State = {
    ...state,
    answered: new Set(state.answered).add(keyOf(name)),
    answers: answers.size === state.answers.size ? state.answers : answers,
  };
  return fresh.every((addr) => answers.has(keyOf(addr))) ? next : refuse(next, name, tooMany(plan));
}

/** The first reason stays: what a plan has said is not taken back. */
function refuse(state: State, name: Multiaddr, error: Error): State {
  const key = keyOf(name);
  if (state.refused.has(key)) return state;
  return { ...state, refused: new Map(state.refused).set(key, { addr: name, error }) };
}

/** Names turn over without a new answer, too; that is no news. */
function saysTheSame(a: State, b: State): boolean {
  return a.plan === b.plan && a.answers === b.answers && a.refused === b.refused;
}

function planOf({ plan, names, answers, refused }: State): DialPlan[] {
  if (plan === undefined) return [];
  if (names.size === 0) return [plan];
  const taken = plainKeys(plan);
  const dials = plan.dials.flatMap((dial): readonly PlannedDial[] => {
    if (!needsResolving(dial.addr)) return [dial];
    const name = keyOf(dial.addr);
    return [...answers]
      .filter(([key, answer]) => answer.name === name && taken.size < taken.add(key).size)
      .map(([, { addr }]) => ({ ...dial, addr }));
  });
  return [{ ...plan, dials, refused: [...plan.refused, ...refused.values()] }];
}

function namesOf({ dials }: DialPlan): Multiaddr[] {
  return dials.map(({ addr }) => addr).filter(needsResolving);
}

function plainKeys({ dials }: DialPlan): Set<string> {
  return new Set(dials.filter(({ addr }) => !needsResolving(addr)).map(({ addr }) => keyOf(addr)));
}

function keyOf({ bytes }: Multiaddr): string {
  return toHex(bytes);
}

function noAnswer(name: Multiaddr): Error {
  return new Libp2pError('ERR_RESOLVE', 'network', `no usable answer for ${name.toString()}`);
}

function tooMany({ peer }: DialPlan): Error {
  return new LimitError(`the names of ${peer.toString()}`, 'addresses', MAX_RESOLVED);
}
