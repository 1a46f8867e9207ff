// What was measured, as tables.
import { steepness } from './grow.mjs';

export const NAMES = {
  ours: 'rx-libp2p',
  base: 'the other build',
  js: 'js-libp2p',
  go: 'go-libp2p',
  tcp: 'ours, TCP + noise',
  limit: 'plain Node',
};

/** How many times better ours is; `undefined` where there is nothing to compare. */
export function ratio({ medians, lessIsBetter }, other) {
  const [ours, theirs] = [medians.ours, medians[other]];
  if (ours === undefined || theirs === undefined) return undefined;
  return lessIsBetter ? theirs / ours : ours / theirs;
}

const rounded = (value) => {
  if (value === undefined) return '';
  if (value < 1) return value.toFixed(3);
  return value < 100 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
};
export const table = (head, lines) =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const columnsOf = (results, key) =>
  Object.keys(NAMES).filter((name) => results.some((result) => name in result[key]));
/** Ms of processor time, the least of all rounds: others on the machine can only add to it. */
const leastCpu = ({ cpu }, name) =>
  cpu[name] ? Math.round(Math.min(...cpu[name])).toLocaleString('en') : '';

/** With `withCpu`, what both processes had of the processor stands in brackets. */
export function asMarkdown(results, { withCpu = false } = {}) {
  const columns = columnsOf(results, 'medians');
  const others = columns.filter((name) => name !== 'ours' && columns.includes('ours'));
  const head = [
    `Node ${process.version}`,
    ...columns.map((name) => NAMES[name]),
    ...others.map((name) => `× ${NAMES[name]}`),
  ];
  const cell = (result, name) => {
    const value = rounded(result.medians[name]);
    return withCpu && value !== '' ? `${value} (${leastCpu(result, name)} ms)` : value;
  };
  const lines = results.map((result) => [
    result.name,
    ...columns.map((name) => cell(result, name)),
    ...others.map((other) => ratio(result, other)?.toFixed(2) ?? ''),
  ]);
  return table(head, lines);
}

export function cpuTable(results) {
  const measured = results.filter(({ cpu }) => Object.keys(cpu).length > 0);
  const columns = columnsOf(measured, 'cpu');
  const lines = measured.map((result) => [result.name, ...columns.map((name) => leastCpu(result, name))]);
  return table(['processor, ms', ...columns.map((name) => NAMES[name])], lines);
}

export const tripsTable = (trips) =>
  table(
    ['', 'from cold', 'a further stream'],
    trips.map(({ name, cold, further }) => [NAMES[name], cold.toFixed(1), further.toFixed(1)]),
  );

export const growthTable = ([connections, streams]) =>
  table(
    ['there are', 'one more connection, ms', 'keeping them, % of a core', 'one more stream, ms'],
    [
      ...connections.map(({ at, ms, keeping }, line) => [
        at.toLocaleString('en'),
        ms.toFixed(2),
        (100 * keeping).toFixed(1),
        streams[line].ms.toFixed(3),
      ]),
      ['10,000 : 100', steepness(connections).toFixed(2), '', steepness(streams).toFixed(2)],
    ],
  );

export const primitivesTable = (primitives) =>
  table(Object.keys(primitives), [Object.values(primitives).map((us) => us.toFixed(0))]);
