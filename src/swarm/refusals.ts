/**
 * The operators that say which addresses are not dialed. What they refuse moves from `dials` to `refused`, with its error.
 * An address is judged once a subscription and the judgement stays: a later plan repeats what earlier ones let through and
 * what they refused. They emit, complete and error with their source.
 */
import { defer, map } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialPlan, DialStrategy, PlannedDial, RefusedDial } from '../core/dial-contract.js';
import { asError, Libp2pError, LimitError } from '../core/errors.js';
import { asking, checkCount } from './strategy-rules.js';

/**
 * Refuses the addresses for which `predicate` holds, with what `error` makes for each: `DialError.errors` shows it, and a
 * `dial:refuse` event. Both also get the plan, as it was when the address was first seen. Errors with ERR_DIAL_STRATEGY if
 * one of them throws.
 */
export function refuse(
  predicate: (addr: Multiaddr, plan: DialPlan) => boolean,
  error: (addr: Multiaddr, plan: DialPlan) => Error,
): DialStrategy {
  return inSteps(refusing(predicate, error));
}

/** Refuses what leads into a black hole (`DialContext.isBlackHoled`), with ERR_BLACK_HOLE. */
export function refuseBlackHoled(): DialStrategy {
  return inSteps(REFUSING_BLACK_HOLES);
}

/**
 * Lets through the addresses for which `predicate` holds, and refuses all others with ERR_ADDR_REFUSED, which names the
 * predicate. After `resolveAddrs` it judges answers, before it names. Errors with ERR_DIAL_STRATEGY if the predicate throws.
 */
export function only(predicate: (addr: Multiaddr) => boolean): DialStrategy {
  const why = `not let through by only(${predicate.name})`;
  return inSteps(
    judging((addr) =>
      asking('the predicate of only', () => predicate(addr)) ? undefined : addrRefused(addr, why),
    ),
  );
}

/**
 * Lets `count` addresses through, over all plans of one dial: those of earlier plans stay, then those with the smallest
 * delays. The excess is refused with a `LimitError`. Put it behind the ranking, or it counts in the order that addresses
 * came. Throws ERR_INVALID_OPTION.
 */
export function limitAddrs(count: number): DialStrategy {
  checkCount('limitAddrs', count);
  return inSteps(limiting(count));
}

/** A refusal that names the reason, and behind it the address, since messages are cut at their end. */
export function addrRefused(addr: Multiaddr, why: string): Libp2pError {
  return new Libp2pError('ERR_ADDR_REFUSED', 'local', `${why}: ${addr.toString()}`);
}

/** What becomes of each plan of one dial; what it remembers of earlier ones it makes anew for the next dial. */
type Step = () => (plan: DialPlan) => DialPlan;

/** One step behind the other, as operators behind one another would do it, in one operator. */
export function inSteps(...steps: readonly Step[]): DialStrategy {
  return (plan$) =>
    defer(() => {
      const begun = steps.map((step) => step());
      return plan$.pipe(map((plan) => begun.reduce((left, next) => next(left), plan)));
    });
}

/** @see refuse */
export function refusing(
  predicate: (addr: Multiaddr, plan: DialPlan) => boolean,
  error: (addr: Multiaddr, plan: DialPlan) => Error,
): Step {
  return judging((addr, plan) => {
    if (!asking('the predicate of refuse', () => predicate(addr, plan))) return undefined;
    return asError(asking('the error function of refuse', () => error(addr, plan)));
  });
}

/** @see refuseBlackHoled */
export const REFUSING_BLACK_HOLES: Step = refusing(
  (addr, { context }) => context.isBlackHoled(addr),
  () => new Libp2pError('ERR_BLACK_HOLE', 'network', 'dial refused because of black hole'),
);

/** @see limitAddrs */
export function limiting(count: number): Step {
  return () => {
    // Never more than `count`.
    const through = new Set<string>();
    return (plan) => {
      for (const key of newcomers(plan.dials, through).slice(0, count - through.size)) through.add(key);
      return split(plan, (key) =>
        through.has(key) ? undefined : new LimitError('dial', 'addresses', count, 'local'),
      );
    };
  };
}

function judging(judge: (addr: Multiaddr, plan: DialPlan) => Error | undefined): Step {
  return () => {
    // As many as the plans of one dial have addresses.
    const verdicts = new Map<string, Error | undefined>();
    return (plan) =>
      split(plan, (key, { addr }) => {
        if (!verdicts.has(key)) verdicts.set(key, judge(addr, plan));
        return verdicts.get(key);
      });
  };
}

function split(plan: DialPlan, refusal: (key: string, dial: PlannedDial) => Error | undefined): DialPlan {
  const dials: PlannedDial[] = [];
  const refused: RefusedDial[] = [...plan.refused];
  for (const dial of plan.dials) {
    const error = refusal(dial.addr.toString(), dial);
    if (error === undefined) dials.push(dial);
    else refused.push({ addr: dial.addr, error });
  }
  return dials.length === plan.dials.length ? plan : { ...plan, dials, refused };
}

/** Addresses that no earlier plan had, the soonest first. */
function newcomers(dials: readonly PlannedDial[], through: ReadonlySet<string>): string[] {
  const sooner = [...dials].sort((a, b) => a.delayMs - b.delayMs).map(({ addr }) => addr.toString());
  return [...new Set(sooner)].filter((key) => !through.has(key));
}
