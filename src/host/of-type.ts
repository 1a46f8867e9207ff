import { filter, type OperatorFunction } from 'rxjs';
import type { HostEvent } from '../core/events.js';

/**
 * The events of these types, typed as such.
 *
 * @example
 * ```ts
 * import { createHost, ofType } from 'rx-libp2p';
 *
 * const host = await createHost();
 * host.event$
 *   .pipe(ofType('stream:close'))
 *   .subscribe(({ protocol, bytesRead }) => console.log(`${protocol}: ${bytesRead.toString()} bytes`));
 * ```
 */
export function ofType<T extends HostEvent['type']>(
  ...types: readonly T[]
): OperatorFunction<HostEvent, Extract<HostEvent, { type: T }>> {
  const wanted: ReadonlySet<string> = new Set(types);
  return filter((event): event is Extract<HostEvent, { type: T }> => wanted.has(event.type));
}
