import { Libp2pError } from './errors.js';
import { show } from './show.js';

/** Takes numbers by name over their defaults; throws ERR_INVALID_OPTION, naming the part, the option and the value. */
export function checkedNumbers<T extends Readonly<Record<string, number>>>(
  part: string,
  defaults: T,
  options: object,
  others: readonly string[] = [],
): T {
  const checked: Record<string, number> = { ...defaults };
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined || others.includes(name)) continue;
    if (!Object.hasOwn(defaults, name))
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `${part} has no option "${name}" (its value: ${show(value)})`,
      );
    if (typeof value !== 'number' || !(value >= 0) || value === Infinity)
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `${part}: ${name} is ${show(value)}; it takes a number from 0 on`,
      );
    checked[name] = value;
  }
  // Every key of T was there from the start, and only numbers were put in.
  return checked as T;
}
