// How rows are measured: all implementations in turns, several rounds, medians.
/** Of an even number the lower: no round is to look better than it was. */
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];

const began = performance.now();
/** What is being measured: one line that changes on a terminal, and elsewhere a line whenever something begins. */
export function progress(text, round = 1) {
  const seconds = Math.round((performance.now() - began) / 1000);
  if (process.stderr.isTTY)
    process.stderr.write(`\r${`${String(seconds)} s  ${text}, ${String(round)}`.padEnd(78)}`);
  else if (round === 1) console.error(`${String(seconds)} s  ${text}`);
}
export function progressEnds() {
  if (process.stderr.isTTY) process.stderr.write(`\r${''.padEnd(78)}\r`);
}

/** A row of a table: what was found of each implementation. */
export const resultOf = ({ id, name, lessIsBetter = false }, values, { cpu = {}, extras = {} } = {}) => ({
  id,
  name,
  lessIsBetter,
  values,
  medians: Object.fromEntries(Object.entries(values).map(([of, list]) => [of, median(list)])),
  cpu,
  extras,
});

/** Asks every pair in turns. Processor time of one that is asked for less is scaled to all of it. One of the others that takes too long has no figure; ours fails. */
export async function measure(row, pairs, rounds) {
  const values = {};
  const cpu = {};
  const extras = {};
  const late = new Set();
  for (let round = 1; round <= (row.rounds ?? rounds); round += 1) {
    for (const [name, pair] of Object.entries(pairs)) {
      const asks = row.asks[pair.kind];
      if (asks === undefined || late.has(name)) continue;
      progress(`${row.name}: ${name}`, round);
      const before = pair.cpuMs();
      const { value, error, missing, ...extra } = await pair.ask(asks.scenario, asks.options);
      if (extra.late && pair.kind !== 'ours') {
        console.error(`\n${row.name}, ${name}: ${error}`);
        late.add(name);
        continue;
      }
      if (error !== undefined) throw new Error(`${row.name}, ${name}: ${error}`);
      if (missing) continue;
      (values[name] ??= []).push(value);
      (cpu[name] ??= []).push((pair.cpuMs() - before) / (asks.share ?? 1));
      extras[name] = extra;
    }
  }
  return resultOf(row, values, { cpu, extras });
}
