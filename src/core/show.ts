/** Any value, fit for a message: what an option was given, for the error that names it. */
export function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint' || typeof value === 'symbol' || value === undefined) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return 'a value that cannot be printed';
  }
}
