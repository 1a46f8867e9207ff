/** A dial's events, written shortly: `dialEvents([[0, start()], [0, plan(addr, 250)], ...])`. */
import type { ToldDialEvent } from '../../src/draw/dial-timeline.js';

type Fields<E> = E extends unknown ? Omit<E, 'at' | 'seq' | 'peer' | 'dialId'> : never;
type Outcome = Extract<ToldDialEvent, { type: 'dial:end' }>['outcome'];

export const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';
/** On the host's clock; drawings count from it. */
export const START = 1000;

/** Events of one dial as `[ms since its start, what happened]`, in the order given. */
export function dialEvents(
  happened: readonly (readonly [ms: number, fields: Fields<ToldDialEvent>])[],
  { dialId = '1', peer = PEER, startedAt = START } = {},
): ToldDialEvent[] {
  return happened.map(
    // The fields are those of one variant of the union.
    ([ms, fields], seq) => ({ ...fields, at: startedAt + ms, seq, dialId, peer }),
  );
}

export const start = () => ({ type: 'dial:start' }) as const;
export const resolved = (addr: string, ...answers: string[]) =>
  ({ type: 'dial:resolve', addr, answers }) as const;
export const unresolved = (addr: string, code = 'ERR_RESOLVE') =>
  ({ type: 'dial:resolve', addr, answers: [], code }) as const;
export const plan = (addr: string, delayMs: number) => ({ type: 'dial:plan', addr, delayMs }) as const;
export const refuse = (addr: string, code: string, message = '') =>
  ({ type: 'dial:refuse', addr, code, message }) as const;
export const attempt = (addr: string) => ({ type: 'dial:attempt', addr }) as const;
export const connected = (addr: string) => ({ type: 'dial:progress', stage: 'connected', addr }) as const;
export const secured = (addr: string) => ({ type: 'dial:progress', stage: 'secured', addr }) as const;
export const fail = (addr: string, afterMs: number, code: string, message = '') =>
  ({ type: 'dial:fail', addr, afterMs, code, message }) as const;
export const cancel = (addr: string) => ({ type: 'dial:cancel', addr }) as const;
export const connect = (addr: string, afterMs: number) =>
  ({ type: 'dial:connect', addr, afterMs, connectionId: '1' }) as const;
export const end = (outcome: Outcome, afterMs: number, code?: string, message?: string) =>
  ({ type: 'dial:end', outcome, afterMs, code, message }) as const;
