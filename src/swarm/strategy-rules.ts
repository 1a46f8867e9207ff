/** What the operators of a strategy share: how users' functions are called, and how numbers are judged. */
import { asError, Libp2pError } from '../core/errors.js';
import { show } from '../core/show.js';

/**
 * Asks a function that a user wrote. What it throws becomes ERR_DIAL_STRATEGY with that as its cause, which `map` and its
 * like turn into the error of one dial.
 */
export function asking<T>(whose: string, question: () => T): T {
  try {
    return question();
  } catch (thrown) {
    const cause = asError(thrown);
    throw new Libp2pError('ERR_DIAL_STRATEGY', 'local', `${whose} threw: ${cause.message}`, { cause });
  }
}

/** Throws ERR_INVALID_OPTION unless it is a number of ms from 0 on, or left out. */
export function checkMs(what: string, ms: number | undefined): void {
  if (ms !== undefined && !(Number.isFinite(ms) && ms >= 0))
    throw invalid(what, ms, 'ms, a number from 0 on');
}

/** Throws ERR_INVALID_OPTION unless it is a whole number from 0 on. */
export function checkCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw invalid(what, count, 'a whole number from 0 on');
}

function invalid(what: string, value: unknown, wanted: string): Libp2pError {
  // JSON has no NaN and no Infinity.
  const given = typeof value === 'number' ? String(value) : show(value);
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `${what} is ${given}; it takes ${wanted}`);
}
